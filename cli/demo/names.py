"""Names of people: surnames by their frequency in China, given names by the decade of birth."""

from cli.demo.dice import Dice

# surname, its romanisation, bearers per 10,000 people
SURNAMES = [
    ("王", "wang", 720), ("李", "li", 719), ("张", "zhang", 683), ("刘", "liu", 538),
    ("陈", "chen", 453), ("杨", "yang", 308), ("黄", "huang", 223), ("赵", "zhao", 215),
    ("吴", "wu", 200), ("周", "zhou", 190), ("徐", "xu", 145), ("孙", "sun", 140),
    ("马", "ma", 130), ("朱", "zhu", 126), ("胡", "hu", 119), ("郭", "guo", 117),
    ("何", "he", 115), ("林", "lin", 113), ("高", "gao", 103), ("罗", "luo", 98),
    ("郑", "zheng", 93), ("梁", "liang", 88), ("谢", "xie", 79), ("宋", "song", 76),
    ("唐", "tang", 72), ("许", "xu", 67), ("韩", "han", 66), ("邓", "deng", 63),
    ("冯", "feng", 63), ("曹", "cao", 62), ("彭", "peng", 61), ("曾", "zeng", 60),
    ("肖", "xiao", 59), ("田", "tian", 56), ("董", "dong", 55), ("潘", "pan", 54),
    ("袁", "yuan", 53), ("蔡", "cai", 51), ("蒋", "jiang", 50), ("余", "yu", 49),
    ("于", "yu", 48), ("杜", "du", 47), ("叶", "ye", 46), ("程", "cheng", 45),
    ("魏", "wei", 45), ("苏", "su", 44), ("吕", "lv", 43), ("丁", "ding", 42),
    ("任", "ren", 41), ("卢", "lu", 40), ("姚", "yao", 39), ("沈", "shen", 39),
    ("钟", "zhong", 38), ("姜", "jiang", 37), ("崔", "cui", 36), ("谭", "tan", 36),
    ("陆", "lu", 35), ("范", "fan", 34), ("汪", "wang", 33), ("廖", "liao", 33),
    ("石", "shi", 32), ("金", "jin", 31), ("韦", "wei", 30), ("贾", "jia", 29),
    ("夏", "xia", 28), ("付", "fu", 28), ("方", "fang", 27), ("邹", "zou", 27),
    ("熊", "xiong", 26), ("白", "bai", 26), ("孟", "meng", 25), ("秦", "qin", 25),
    ("邱", "qiu", 24), ("侯", "hou", 24), ("江", "jiang", 23), ("尹", "yin", 22),
    ("薛", "xue", 22), ("阎", "yan", 21), ("段", "duan", 20), ("雷", "lei", 20),
    ("龙", "long", 19), ("史", "shi", 18), ("陶", "tao", 18), ("贺", "he", 17),
    ("毛", "mao", 17), ("郝", "hao", 16), ("顾", "gu", 16), ("龚", "gong", 16),
    ("邵", "shao", 15), ("万", "wan", 15), ("覃", "qin", 14), ("武", "wu", 13),
    ("钱", "qian", 13), ("戴", "dai", 13), ("严", "yan", 12), ("莫", "mo", 11),
    ("孔", "kong", 11), ("向", "xiang", 10), ("常", "chang", 10), ("欧阳", "ouyang", 6),
]  # fmt: skip

_MEN = {
    1940: "国栋 德胜 福生 振华 文才 长林 玉山 广发 金贵 树林 明德 永福 春生 家兴 大年 德友",
    1950: "建国 国强 国庆 志明 德华 建华 永康 光明 学文 新民 文忠 保国 援朝 和平 耀武 胜利",
    1960: "建军 卫东 志强 建平 国平 红军 建设 跃进 永红 卫国 明 志华 文革 海波 晓东 宏伟",
    1970: "勇 军 伟 强 涛 斌 志刚 海涛 永强 建伟 文军 晓明 卫华 立新 洪波 春雷 世平 少华",
    1980: "磊 鹏 杰 超 波 刚 亮 飞 辉 旭 晓峰 志鹏 海龙 文杰 小龙 建波 俊峰 明辉 立伟 云飞",
    1990: "浩 宇 俊杰 凯 鑫 帅 博文 佳豪 子豪 志豪 一鸣 嘉伟 文博 天宇 泽宇 家豪 晨 龙 翔宇",
    2000: "浩然 子轩 宇航 宇轩 梓豪 浩宇 俊熙 博涵 皓轩 睿 思远 嘉懿 文昊 一凡 宇辰 子涵",
}
_WOMEN = {
    1940: "秀英 桂英 玉兰 素珍 凤英 桂兰 玉珍 淑珍 秀珍 兰英 金凤 桂芝 秀兰 翠兰 玉梅 淑贞",
    1950: "秀兰 桂兰 淑英 玉英 建英 爱华 春梅 秀华 凤兰 玉华 翠英 美英 桂珍 志英 彩云 月英",
    1960: "丽华 红英 秀芳 爱萍 建红 玉芬 美华 春燕 晓红 惠芳 秀云 卫红 小琴 琼芬 国芬 云仙",
    1970: "丽 艳 敏 霞 红梅 丽萍 海燕 晓燕 玲 芳 春花 雪梅 琼 丽娟 小红 永芬 美玲 慧 立群",
    1980: "静 娜 婷 燕 丹 莉 晶 倩 颖 蓉 晓丽 雪 佳 媛 海霞 丽娜 文静 小敏 亚楠 云霞 艳梅",
    1990: "雪 婷婷 佳怡 欣 梦洁 雨婷 思雨 佳丽 雅婷 梦瑶 晓雯 诗琪 倩倩 雪莹 若兰 瑶 可欣 露",
    2000: "欣怡 梓涵 雨欣 诗涵 佳怡 雨桐 思涵 梦琪 欣妍 可馨 语嫣 子萱 紫涵 若曦 艺涵 一诺",
}
_POOL = {
    (decade, female): given.split()
    for female, by_decade in ((False, _MEN), (True, _WOMEN))
    for decade, given in by_decade.items()
}
_WEIGHTED = [((surname, roman), weight) for surname, roman, weight in SURNAMES]


def person_name(dice: Dice, born: int, *, female: bool) -> tuple[str, str]:
    """A name for somebody born in that year, and the surname in Latin letters."""
    surname, roman = dice.weighted(_WEIGHTED)
    decade = min(max(born // 10 * 10, 1940), 2000)
    return surname + dice.pick(_POOL[decade, female]), roman
