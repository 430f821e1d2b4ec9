//! Workbooks that other programs wrote, one list of people in every format.
