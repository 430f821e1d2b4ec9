#!/usr/bin/env python3
"""Makes the workbooks of fixtures/workbooks that hold many kinds of feature: ./make.py OUT

One by XlsxWriter with parts patched in that it cannot write, the same as LibreOffice saves it, one by openpyxl with a table
(ListObject) and its totals, and a bare one by pandas. The people are made up (maternity.csv, patients.csv beside this script).
The same bytes each time, LibreOffice's aside.
"""
import csv
import datetime as dt
import io
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
WRITTEN = dt.datetime(2024, 4, 2, 9, 30)
DATES = {"出生日期", "末次月经", "预产期", "建档日期", "DOB", "Admission", "Discharge"}
NUMBERS = {"序号", "年龄", "孕周", "孕前体重", "身高", "孕次", "产次", "Weight (kg)", "Amount Due"}


def table(name):
    with open(HERE / name, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]

    def typed(column, text):
        if text == "":
            return None
        if column in DATES:
            return dt.date.fromisoformat(text)
        if column in NUMBERS:
            return float(text) if "." in text else int(text)
        return text

    return header, [[typed(c, t) for c, t in zip(header, row)] for row in rows]


def picture():
    """A seal of 48 x 48 points as PNG."""
    rows = b""
    for y in range(48):
        rows += b"\0"
        for x in range(48):
            ring = 16 < ((x - 24) ** 2 + (y - 24) ** 2) ** 0.5 < 22
            rows += bytes((200, 30, 40) if ring else (255, 255, 255))

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def years(born, until):
    return until.year - born.year - ((until.month, until.day) < (born.month, born.day))


def register(path):
    """The maternity register as an officer keeps it: table in A6:V165 of the first sheet."""
    import xlsxwriter

    header, rows = table("maternity.csv")
    at = {name: i for i, name in enumerate(header)}
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    book.set_properties(
        {"title": "孕产妇建档登记表", "author": "市妇幼保健所", "company": "市卫生健康委", "comments": "月报", "created": WRITTEN}
    )
    book.set_custom_property("报表月份", "2024-03")
    book.set_custom_property("校验", 20240331)
    sheet = book.add_worksheet("登记表")
    count = book.add_worksheet("统计")
    codes = book.add_worksheet("代码")
    style = lambda **more: book.add_format({"font_name": "宋体", "font_size": 10, "border": 1, **more})
    bands = [{"bg_color": "#FFFFFF"}, {"bg_color": "#EAF1FB"}]
    plain = [style(**b) for b in bands]
    date = [style(num_format="yyyy-mm-dd", align="center", **b) for b in bands]
    chinese = [style(num_format='yyyy"年"m"月"d"日"', **b) for b in bands]
    weight = [style(num_format="0.0", **b) for b in bands]
    code = [style(num_format="@", font_name="Consolas", **b) for b in bands]
    link = [style(font_color="blue", underline=1, **b) for b in bands]
    unlocked = [style(locked=False, italic=True, **b) for b in bands]
    head = style(bold=True, bg_color="#1F4E79", font_color="#FFFFFF", text_wrap=True, align="center", valign="vcenter")
    title = book.add_format({"bold": True, "font_size": 18, "align": "center", "valign": "vcenter"})
    red = book.add_format({"bold": True, "font_color": "red"})
    grey = book.add_format({"font_color": "#808080"})
    bad, good = book.add_format({"bg_color": "#FFC7CE"}), book.add_format({"bg_color": "#C6EFCE", "bold": True})

    first, last = 6, 5 + len(rows)  # 0-based rows of the table's body: 7 .. 166 as people count
    names = header + ["体重指数", "实足年龄", "备注"]
    wide = len(names) - 1
    sheet.merge_range(0, 0, 0, wide, "孕产妇建档登记表", title)
    sheet.merge_range(1, 0, 1, 8, "", grey)
    sheet.write_rich_string(1, 0, "填报单位：", red, "澜江市妇幼保健所", grey, "  （内部资料）", grey)
    sheet.merge_range(1, 9, 1, wide, "统计截止：2024年3月31日", grey)
    sheet.write(2, 0, "说明：空白表示未提供", grey)
    sheet.set_row(0, 32)
    sheet.set_row(2, 14, None, {"hidden": True})
    sheet.set_row(3, 14, None, {"level": 1})
    sheet.set_row(4, 14, None, {"level": 1, "collapsed": False})
    sheet.write_url(3, 0, "internal:'代码'!A1", None, "代码表")
    sheet.set_row(5, 30)
    for column, name in enumerate(names):
        sheet.write(5, column, name, head)
    widths = [5, 8, 21, 11, 5, 13, 9, 40, 14, 11, 5, 11, 18, 9, 8, 6, 5, 5, 6, 8, 8, 16]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_column(6, 6, 9, None, {"hidden": True})
    sheet.set_column(16, 17, 5, None, {"level": 1})
    col = xlsxwriter.utility.xl_col_to_name
    for number, row in enumerate(rows):
        r, band = first + number, number % 2
        for column, value in enumerate(row):
            name = header[column]
            if value is None:
                sheet.write_blank(r, column, None, plain[band])
            elif name == "末次月经":
                sheet.write_datetime(r, column, value, chinese[band])
            elif name in DATES:
                sheet.write_datetime(r, column, value, date[band])
            elif name in NUMBERS:
                sheet.write_number(r, column, value, weight[band] if name == "孕前体重" else plain[band])
            elif name in ("身份证号", "手机号"):
                sheet.write_string(r, column, value, code[band])
            elif name == "建档医院" and number in (3, 40, 99):
                sheet.write_url(r, column, "https://example.org/h/%d" % number, link[band], value, "医院主页")
            else:
                sheet.write_string(r, column, value, plain[band])
        x = r + 1
        mass, height = row[at["孕前体重"]], row[at["身高"]]
        bmi = round(mass / (height / 100) ** 2, 1) if mass and height else ""
        kg, cm = col(at["孕前体重"]), col(at["身高"])
        sheet.write_formula(r, len(header), f'=IF(OR({kg}{x}="",{cm}{x}=""),"",ROUND({kg}{x}/({cm}{x}/100)^2,1))', weight[band], bmi)
        born, filed = col(at["出生日期"]), col(at["建档日期"])
        sheet.write_formula(r, len(header) + 1, f'=DATEDIF({born}{x},{filed}{x},"y")', plain[band], years(row[at["出生日期"]], row[at["建档日期"]]))
        if number in (5, 60):
            sheet.write_rich_string(r, wide, "需", red, "复查", "血压", unlocked[band])
        elif number % 23 == 7:
            sheet.write_string(r, wide, "外地转入", unlocked[band])
        else:
            sheet.write_blank(r, wide, None, unlocked[band])
        if number in (10, 90):
            sheet.set_row(r, 27)
    sheet.freeze_panes(6, 2)
    sheet.autofilter(5, 0, last, wide)
    area = lambda name: (first, at[name], last, at[name])
    sheet.conditional_format(*area("年龄"), {"type": "cell", "criteria": ">=", "value": 35, "format": bad})
    sheet.conditional_format(first, 0, last, 1, {"type": "formula", "criteria": f"=$K{first + 1}>=37", "format": good})
    sheet.conditional_format(*area("孕周"), {"type": "2_color_scale"})
    sheet.conditional_format(*area("孕前体重"), {"type": "data_bar", "data_bar_2010": True, "bar_solid": True})
    sheet.conditional_format(first, len(header), last, len(header), {"type": "icon_set", "icon_style": "3_traffic_lights"})
    sheet.conditional_format(*area("手机号"), {"type": "duplicate", "format": bad})
    blood = "=代码!$A$2:$A$%d" % 5
    sheet.data_validation(*area("血型"), {"validate": "list", "source": "=血型表", "error_title": "血型", "error_message": "请从表中选"})
    sheet.data_validation(*area("末次月经"), {"validate": "date", "criteria": "between", "minimum": dt.date(2022, 1, 1), "maximum": dt.date(2025, 1, 1), "ignore_blank": True})
    sheet.data_validation(*area("孕前体重"), {"validate": "custom", "value": f"=AND(O{first + 1}>25,O{first + 1}<200)"})
    sheet.write_comment(5, at["末次月经"], "按公历填写", {"author": "审核", "x_scale": 1.2})
    for number in (12, 77, 140):
        sheet.write_comment(first + number, 1, "已电话核实", {"author": "审核"})
    sheet.insert_image(0, wide, "seal.png", {"image_data": io.BytesIO(picture()), "object_position": 2, "description": "印章"})
    sheet.ignore_errors({"number_stored_as_text": f"C{first + 1}:F{last + 1}"})
    sheet.print_area(0, 0, last, wide)
    sheet.repeat_rows(5)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_header("&L&\"宋体,常规\"登记表&R第 &P 页，共 &N 页")
    sheet.set_footer("&C打印于 &D")
    sheet.set_margins(left=0.4, right=0.4)
    sheet.set_h_pagebreaks([46, 86, 126])
    sheet.set_tab_color("#C00000")
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "select_locked_cells": True})
    book.define_name("血型表", blood)
    book.define_name("全体", f"=登记表!$A${first + 1}:$V${last + 1}")
    book.define_name("体重列", "=登记表!$O:$O")

    bold = book.add_format({"bold": True, "bottom": 2})
    count.write_row(0, 0, ["所属区", "人数", "体重合计", "平均孕周", "趋势"], bold)
    districts = sorted({row[at["所属区"]] for row in rows})
    number = lambda values: [v for v in values if v is not None]
    for i, district in enumerate(districts, 1):
        inside = [row for row in rows if row[at["所属区"]] == district]
        count.write(i, 0, district)
        count.write_formula(i, 1, f"=COUNTIF(登记表!N:N,A{i + 1})", None, len(inside))
        masses = number(row[at["孕前体重"]] for row in inside)
        count.write_formula(i, 2, f"=SUMIF(登记表!$N${first + 1}:$N${last + 1},A{i + 1},登记表!$O${first + 1}:$O${last + 1})", None, round(sum(masses), 1))
        weeks = number(row[at["孕周"]] for row in inside)
        count.write_formula(i, 3, f"=IFERROR(AVERAGEIF(登记表!N:N,A{i + 1},登记表!K:K),0)", None, sum(weeks) / len(weeks))
    end = len(districts) + 1
    masses = number(row[at["孕前体重"]] for row in rows)
    count.write(end, 0, "合计", bold)
    count.write_formula(end, 1, f"=COUNTA(登记表!$B${first + 1}:$B${last + 1})", bold, len(rows))
    count.write_formula(end, 2, f"=SUM(登记表!O:O)", bold, round(sum(masses), 1))
    count.write_formula(end, 3, f"=MAX(登记表!K{first + 1}:K{last + 1})", bold, max(number(row[at["孕周"]] for row in rows)))
    count.set_row(end + 2, None, None, {"hidden": True})
    count.write(end + 2, 0, "隐藏行")
    for i in range(end + 3, end + 6):
        count.set_row(i, None, None, {"level": 1, "hidden": True})
        count.write(i, 0, "分组 %d" % i)
    count.set_row(end + 6, None, None, {"collapsed": True})
    count.add_sparkline(1, 4, {"range": f"登记表!K{first + 1}:K{last + 1}", "type": "column"})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": "=统计!$B$1", "categories": f"=统计!$A$2:$A${end}", "values": f"=统计!$B$2:$B${end}"})
    chart.set_title({"name": "各区建档人数"})
    count.insert_chart("G2", chart)
    scatter = book.add_chart({"type": "scatter"})
    scatter.add_series(
        {
            "name": "体重与身高",
            "categories": ["登记表", first, at["身高"], last, at["身高"]],
            "values": ["登记表", first, at["孕前体重"], last, at["孕前体重"]],
        }
    )
    count.insert_chart("G20", scatter)
    count.set_column(0, 4, 12)

    codes.write_column(0, 0, ["血型", "A型", "B型", "O型", "AB型"], bold)
    codes.write_column(0, 1, ["户籍", "本市户籍", "外地户籍"])
    codes.write_url(6, 0, "internal:'登记表'!A%d" % (first + 1), None, "回登记表")
    codes.hide()
    book.close()
    patch(path, phonetic)


def phonetic(name, data):
    """Names with their reading, as an input method leaves them: two shared strings get phonetic runs."""
    if name != "xl/sharedStrings.xml":
        return data
    text = data.decode()
    plain = [m for m in re.finditer(r"<si><t>([\u4e00-\u9fff]{2,3})</t></si>", text)]
    named = [m for m in plain if m.group(1)[0] in "王李张刘陈"][1:8:3]
    for m in reversed(named):
        run = f'<si><t>{m.group(1)}</t><rPh sb="0" eb="1"><t>ワン</t></rPh><phoneticPr fontId="1"/></si>'
        text = text[: m.start()] + run + text[m.end() :]
    return text.encode()


def patch(path, change):
    """Every part of a package through `change`, with the package's own times and order."""
    with zipfile.ZipFile(path) as old:
        parts = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info, data in parts:
            new.writestr(info, change(info.filename, data))


def patients(path):
    """An English register by openpyxl: a table (ListObject) with totals in A3:O144, links, notes, validation."""
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.workbook.defined_name import DefinedName
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.pagebreak import Break
    from openpyxl.worksheet.table import Table, TableColumn, TableFormula, TableStyleInfo

    header, rows = table("patients.csv")
    names = header + ["Nights", "Per Night", "Remarks"]
    at = {name: i + 1 for i, name in enumerate(names)}
    book = openpyxl.Workbook()
    book.properties.creator, book.properties.title = "Registry Office", "Discharge register"
    sheet = book.active
    sheet.title = "Discharges"
    wide = get_column_letter(len(names))
    first, last = 4, 3 + len(rows)
    sheet.merge_cells(f"A1:{wide}1")
    sheet["A1"] = "Discharge register, second quarter"
    sheet["A1"].font = Font(size=16, bold=True, color="1F4E79")
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet.row_dimensions[1].height = 28
    thin = Side(style="hair", color="999999")
    fills = [PatternFill("solid", start_color="FFF7E6"), PatternFill("solid", start_color="FFFFFF")]
    for i, name in enumerate(names, 1):
        cell = sheet.cell(3, i, name)
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True)
        sheet.column_dimensions[get_column_letter(i)].width = max(9, len(name) + 4)
    sheet.column_dimensions["F"].width = 30
    sheet.column_dimensions["L"].hidden = True
    for n, row in enumerate(rows):
        r = first + n
        for i, value in enumerate(row, 1):
            cell = sheet.cell(r, i, value)
            if header[i - 1] in DATES:
                cell.number_format = "dd/mm/yyyy" if header[i - 1] == "DOB" else "yyyy-mm-dd"
            elif header[i - 1] == "Amount Due":
                cell.number_format = '#,##0.00 "USD"'
            cell.border, cell.fill = Border(bottom=thin), fills[n % 2]
        letter = {name: get_column_letter(i) for name, i in at.items()}
        sheet.cell(r, at["Nights"], f"={letter['Discharge']}{r}-{letter['Admission']}{r}").number_format = "0"
        sheet.cell(r, at["Per Night"], f"=ROUND({letter['Amount Due']}{r}/MAX(1,{letter['Nights']}{r}),2)").number_format = "0.00"
        note = sheet.cell(r, at["Remarks"], "see file" if n % 17 == 3 else None)
        note.protection = Protection(locked=False)
        if n in (8, 70):
            sheet.cell(r, at["Patient Name"]).comment = Comment("called back", "desk", height=60, width=120)
        if n in (15, 33):
            sheet.cell(r, at["Record No"]).hyperlink = f"https://example.org/record/{n}"
    totals = last + 1
    sheet.cell(totals, 1, "Total")
    amount = get_column_letter(at["Amount Due"])
    sheet.cell(totals, at["Amount Due"], f"=SUBTOTAL(109,Register[Amount Due])").number_format = "#,##0.00"
    listed = Table(displayName="Register", name="Register", ref=f"A3:{wide}{totals}", totalsRowCount=1, totalsRowShown=True)
    listed.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    listed._initialise_columns()
    for column, name in zip(listed.tableColumns, names):
        column.name = name
        if name == "Amount Due":
            column.totalsRowFunction = "sum"
        if name == "Record No":
            column.totalsRowLabel = "Total"
    listed.autoFilter.ref = f"A3:{wide}{last}"
    sheet.add_table(listed)
    sheet.freeze_panes = "C4"
    span = lambda name: f"{get_column_letter(at[name])}{first}:{get_column_letter(at[name])}{last}"
    sheet.conditional_formatting.add(span("Amount Due"), DataBarRule("min", None, "max", None, color="638EC6"))
    sheet.conditional_formatting.add(span("Weight (kg)"), ColorScaleRule("min", None, "F8696B", "max", None, "63BE7B"))
    sheet.conditional_formatting.add(span("Nights"), CellIsRule("greaterThan", ["10"], font=Font(color="C00000")))
    sheet.conditional_formatting.add(f"A{first}:B{last}", FormulaRule([f'$D{first}="F"'], fill=PatternFill("solid", end_color="FFE4EC")))
    wards = DataValidation("list", formula1="Wards!$A$2:$A$8", allow_blank=True)
    wards.add(span("Ward"))
    day = DataValidation("date", operator="greaterThan", formula1="36526")
    day.add(span("Admission"))
    sheet.add_data_validation(wards)
    sheet.add_data_validation(day)
    sheet.print_title_rows = "3:3"
    sheet.print_area = f"A1:{wide}{totals}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    sheet.oddFooter.center.text = "Page &P of &N"
    sheet.row_breaks.append(Break(id=50))
    sheet.row_breaks.append(Break(id=100))
    other = book.create_sheet("Wards")
    other["A1"], other["B1"], other["C1"] = "Ward", "Patients", "Owed"
    for i, ward in enumerate(sorted({row[at["Ward"] - 1] for row in rows}), 2):
        w, owed = get_column_letter(at["Ward"]), get_column_letter(at["Amount Due"])
        other[f"A{i}"], other[f"B{i}"] = ward, f"=COUNTIF(Discharges!{w}:{w},A{i})"
        other[f"C{i}"] = f"=SUMIF(Discharges!${w}${first}:${w}${last},A{i},Discharges!${owed}${first}:${owed}${last})"
    other["A12"] = "register"
    other["A12"].hyperlink = f"#Discharges!A{first}"
    hidden = book.create_sheet("Codes")
    hidden.append(["M", "male"])
    hidden.append(["F", "female"])
    hidden.sheet_state = "hidden"
    book.defined_names["Owing"] = DefinedName("Owing", attr_text=f"Discharges!${amount}${first}:${amount}${last}")
    book.save(path)


def bare(path):
    """What DataFrame.to_excel leaves: no style but the header's, days as days."""
    import pandas

    header, rows = table("maternity.csv")
    frame = pandas.DataFrame(rows[:90], columns=header)
    frame.to_excel(path, index=False, sheet_name="三月", engine="openpyxl")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "fixtures" / "workbooks")
    out.mkdir(parents=True, exist_ok=True)
    register(out / "register.xlsx")
    patients(out / "patients.xlsx")
    bare(out / "pandas.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/home", "--headless", "--convert-to", "xlsx", "--outdir", folder, str(out / "register.xlsx")],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
        )
        (out / "libreoffice.xlsx").write_bytes((Path(folder) / "register.xlsx").read_bytes())


main()
