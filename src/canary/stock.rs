//! Common pieces of names and addresses: what a short list's next row would bring that none of its rows has.

use super::draws::Draws;
use crate::value::name::{COMPOUND_SURNAMES, SURNAMES};

/// Characters of women's given names, the commoner about first.
const WOMEN: &str = "芳娜敏静秀英丽娟艳燕玲霞红梅莉兰玉萍婷雪慧琴洁颖倩琳丹凤云莹欣蓉珍月媛佳素怡瑶露晶娥琼珊翠蕾薇彩香桂美惠菊淑爱春巧荣琪瑜\
菲璐蓓茜萌梦甜娇妮悦彤雯婉馨婧妍娴嫣筱芸芝环钰黛咏纯霜芷棠荔莺柔碧嘉蔓舒虹贞仪蕊菁滢漫若芬苗柳荷莎冰岚韵卉盈茹影姗珠青竹\
银花莲杏秋夏晴诗语涵梓曼伊依宁朵雁飞鹃苑葵蕙沁沛澜恬恩米果可心琬琦璇瑾瑛聪姝婵娣嫦姣娉黎萱蓝芙苹茵莘菀葭蒙丛禾穗弦宛宜容\
绮绣缨绚紫";

/// Of men's.
const MEN: &str = "伟强磊军勇杰涛超刚辉鹏飞鑫波斌浩凯健俊帅旭龙峰亮建国庆志海峻振威毅彬雷江成栋坤锋东豪翔虎山洪昊恒武博根福贵诚达良泽权钧炜\
焱钢奎松柏胜岩烨煜炳锐森辰捷雄航晟耀祖祥斐利兴发长富顺信全才裕仁义礼智德功业定邦民树林柱梁宝金财旺喜生有铭铁锦钊镇铮钦铎\
石磐岳崇嵩岭川河湖渊源润泉深清淳滔潮汉沧济渤腾骏骥驰骁骞彪豹鸿鹤鹰翰羽宏宽宇宙寰展屹岗峥嵘巍攀敬敦教敢政效战戈戎扬抒拓挺\
擎斯昌昕昱显晋景曦朋朔本材杉桐桦桓楷楠榕槐正殿毓炎灿烈焕照熙爽牧犇玮珂珩琛瑞璋甫申略畅皓益盛盟睿矗硕祺禄禹秉程积稳立章端\
竞策纪纯纲经维绍绪继续群联肃育胤舜舟舰";

/// Of both.
const EITHER: &str = "华平文晓明宇洋林宁瑞子思雨晨欣悦清阳新永安可心一天雅诗语涵梓轩若希童乐亦然元星航帆书琦瑾学义中少光立世恩忠礼家玉春秋冬月\
云川彦朝向前进方圆知行言之以其如意嘉佳京沪江南北西和卓越凡凌峰冉逸卿双全同景曙昭映晗晴智朗未来岑予亚伊俐倪凝初励千卉哲喆\
奇奕好存孟宜宝容尚尧尹展岩州常庭弘影微念怀恺悠慕成承敏";

/// Characters of streets and estates.
const PLACES: &str = "新华中山人民和平建设胜利光明长安解放东风文化团结友谊前进红旗工农北京南海西湖江滨河桥园林花城春阳青松柏竹梅兰菊桃李杏柳桂\
荷莲枫榆槐桐樟杉梧银金玉宝石龙凤鹤鹭鹿马白云天泰峰岭泉溪湾塘池沙洲岛港渡关门楼塔寺庙宫台亭古老大小上下后左右高远望景观德\
仁义礼智信忠孝诚善福禄寿喜庆丰富兴旺盛昌隆发达康健宁静顺太永久恒世纪时代科技学府书香翰墨博雅育英才教师范体生产业机电力水\
铁路航空车站邮商贸市场广振创开拓希朝霞晨曦星月虹彩翠碧清绿丹紫锦绣丽美佳容盈秀芳馨怡谐悦欢乐嘉瑞祥吉如意凯旋凰麒麟孔雀飞\
鸿雁燕鸥棠芙蓉牡茉莉玫瑰百合向荣迎宾沿环经纬十五四三九七一二六八院苑居庭轩阁郡邸尚品领御珑璟澜岸堤坝井窑厂坊街店铺营屯堡\
寨坡坪坑墩岗垄圩滩汇源润泽洪涛波澄涵浦津溏涌渠潭瀑";

/// English given names of women, the commoner about first.
const WOMEN_LATIN: &str = "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret \
Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia \
Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela Nicole Anna Samantha Katherine Christine Debra Rachel \
Carolyn Janet Maria Olivia Heather Helen Catherine Diane Julie Victoria Joyce Lauren Kelly Christina Ruth \
Joan Virginia Judith Evelyn Hannah Andrea Megan Cheryl Jacqueline Madison Teresa Abigail Sophia Martha Sara \
Gloria Janice Kathryn Ann Isabella Judy Charlotte Julia Grace Amber Alice Jean Denise Frances Danielle \
Marilyn Natalie Beverly Diana Brittany Theresa Kayla Alexis Doris Lori Tiffany Rose Irene Eileen Joanna \
Claire Lucy Sylvia Audrey Hazel Florence Edith Ivy Molly Jane Vera Stella Paula Robin Tina Wendy Yvonne";

/// Of men.
const MEN_LATIN: &str = "James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony Mark \
Donald Steven Andrew Paul Joshua Kenneth Kevin Brian George Timothy Ronald Jason Edward Jeffrey Ryan Jacob \
Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander Patrick \
Frank Raymond Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Zachary Douglas Peter Kyle Noah Ethan \
Jeremy Walter Christian Keith Roger Terry Austin Sean Gerald Carl Harold Dylan Arthur Lawrence Jordan Jesse \
Bryan Billy Bruce Gabriel Joe Logan Alan Juan Albert Willie Elijah Wayne Randy Vincent Mason Roy Ralph Bobby \
Russell Bradley Philip Eugene Oliver Leonard Simon Graham Trevor Stuart Ian Neil Hugh";

/// English surnames.
const SURNAMES_LATIN: &str = "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Wilson Anderson \
Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson \
Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell \
Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris \
Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward \
Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders \
Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson \
Barnes Fisher Vasquez Simmons Graham Murray Ford Hamilton Gibson Wallace West Cole Hayes Chapman Palmer Webb \
Hunt";

/// What English streets are named after.
const PLACES_LATIN: &str = "Church Park Mill Station Victoria Green Manor Kings Queens School Oak Elm Maple Cedar Pine Walnut Chestnut \
Willow Birch Ash Washington Lincoln Jefferson Madison Franklin Jackson Main High Market Bridge River Lake \
Hill Spring Highland Sunset Meadow Forest Garden Orchard North South East West Center Union Liberty Grove \
Prospect Pleasant Academy College Albert Alexandra George Windsor York Richmond Cambridge Oxford Stanley \
Springfield Broad Water Railroad Cherry Dogwood Hickory Magnolia Laurel Juniper Poplar Sycamore Spruce \
Hawthorn Rose Holly Ivy Clover Heather Fern Valley Ridge Summit Cliff Canyon Harbour Quarry Abbey Castle \
Priory Tower Chapel Vicarage Barn Farm Field Well Brook Ford Marsh Heath Common Moor";

/// A draw from so many, the first likelier, as the commoner of what a list lacks is likelier to come next.
fn early(n: usize, draws: &mut Draws<'_>) -> usize {
    let most = draws.below(n) + 1;
    let most = draws.below(most) + 1;
    draws.below(most)
}

/// One of `all` that `is_new`, the first likelier.
fn new_one<T: Copy>(
    all: impl Iterator<Item = T>,
    draws: &mut Draws<'_>,
    is_new: impl Fn(T) -> bool,
) -> Option<T> {
    let free: Vec<T> = all.filter(|one| is_new(*one)).collect();
    free.get(early(free.len(), draws)).copied()
}

/// Three in ten characters of given names go with either sex.
const COMMON_TO_BOTH: usize = 3;

/// A character of a given name that is new to the list.
pub fn given(
    male: Option<bool>,
    draws: &mut Draws<'_>,
    is_new: impl Fn(char) -> bool,
) -> Option<char> {
    let male = male.unwrap_or_else(|| draws.below(2) == 0);
    let own = if male { MEN } else { WOMEN };
    let both = draws.below(10) < COMMON_TO_BOTH;
    let first = if both { EITHER } else { own };
    let found = new_one(first.chars(), draws, &is_new);
    found.or_else(|| new_one(own.chars(), draws, &is_new))
}

/// A Chinese surname that is new to the list; one in forty has two characters.
pub fn surname(draws: &mut Draws<'_>, is_new: impl Fn(&str) -> bool) -> Option<String> {
    if draws.below(40) == 0
        && let Some(found) = new_one(COMPOUND_SURNAMES.into_iter(), draws, &is_new)
    {
        return Some(found.to_string());
    }
    let singles = SURNAMES.chars().map(|c| c.to_string());
    let free: Vec<String> = singles.filter(|s| is_new(s)).collect();
    free.get(early(free.len(), draws)).cloned()
}

/// A character of a street's or an estate's name that is new to the list.
pub fn place(draws: &mut Draws<'_>, is_new: impl Fn(char) -> bool) -> Option<char> {
    new_one(PLACES.chars(), draws, is_new)
}

/// An English given name that is new to the list.
pub fn given_latin(
    male: Option<bool>,
    draws: &mut Draws<'_>,
    is_new: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let male = male.unwrap_or_else(|| draws.below(2) == 0);
    let own = if male { MEN_LATIN } else { WOMEN_LATIN };
    new_one(own.split_whitespace(), draws, is_new)
}

/// An English surname that is new to the list.
pub fn surname_latin(draws: &mut Draws<'_>, is_new: impl Fn(&str) -> bool) -> Option<&'static str> {
    new_one(SURNAMES_LATIN.split_whitespace(), draws, is_new)
}

/// What an English street that is new to the list is named after.
pub fn place_latin(draws: &mut Draws<'_>, is_new: impl Fn(&str) -> bool) -> Option<&'static str> {
    new_one(PLACES_LATIN.split_whitespace(), draws, is_new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::text::is_ideograph;

    #[test]
    fn stocks_hold_what_they_say() {
        for stock in [WOMEN, MEN, EITHER, PLACES] {
            assert!(stock.chars().all(is_ideograph));
        }
        for stock in [WOMEN_LATIN, MEN_LATIN, SURNAMES_LATIN, PLACES_LATIN] {
            let capital = |w: &str| w.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(stock.split_whitespace().all(capital));
        }
    }
}
