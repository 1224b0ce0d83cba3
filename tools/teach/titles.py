"""Made-up titles of shops: a name among brands, adjectives, materials, sizes, colours, codes."""

import random
from dataclasses import dataclass

from meanings import Meaning


@dataclass(frozen=True)
class Title:
    text: str
    language: str
    # The name of the thing, which is the title without its trimmings.
    name: str


EN = {
    "colours": """black white red blue green grey pink brown beige navy purple yellow orange silver gold turquoise ivory
        multicolor khaki burgundy""".split(),
    "materials": """cotton leather wool silk linen polyester nylon wooden bamboo plastic glass ceramic aluminium rubber suede
        denim fleece mesh velvet""".split() + ["stainless steel"],
    "adjectives": """new premium portable waterproof wireless vintage modern classic mini large heavy duty professional
        adjustable foldable soft durable lightweight organic rechargeable digital electric handmade luxury slim universal
        original genuine casual outdoor home kids mens womens girls boys baby unisex""".split(),
    "ends": """for men,for women,for kids,for girls,for boys,for dogs,for cats,for home,for kitchen,for office,for car,for
        travel,for iPhone,for laptop,for garden,with case,with lid,with handle,with USB,set of 4,pack of 2,2 pcs,12 pack,500
        ml,1.5 L,250 g,1 kg,10 inch,42 cm,size M,size XL,size 9,2014,220V,16 GB,100 x 70 cm""",
}
ZH = {
    "colours": """黑色 白色 红色 蓝色 绿色 灰色 粉色 粉红色 咖啡色 米色 藏青色 紫色 黄色 橙色 银色 金色 卡其色 酒红色 玫红 浅蓝
        深灰 透明""".split(),
    "materials": """纯棉 真皮 羊毛 真丝 亚麻 涤纶 尼龙 不锈钢 实木 竹制 塑料 玻璃 陶瓷 铝合金 橡胶 绒面 牛仔 抓绒 网面 天鹅绒 牛皮
        PU皮 硅胶 纸质""".split(),
    "adjectives": """新款 正品 加厚 保暖 防水 无线 便携 时尚 韩版 休闲 复古 迷你 大号 小号 加大 专业 可调节 折叠 柔软 耐用 轻便 有机
        充电 数码 电动 手工 高档 修身 通用 原装 户外 家用 儿童 男士 女士 男 女 宝宝 男女通用 春夏 秋冬 夏季 冬季 潮流 舒适 透气
        高端 简约 创意 可爱 特价 包邮 进口 国产 限量版""".split(),
    "ends": """2件套,4只装,500ml,1.5L,250g,1kg,10寸,42码,M码,XL,37,38,39,40,均码,2014新款,220V,16GB,100*70cm,两瓶装,盒装,礼盒装,
        一个,5片,180/100A,175,(黑),[限时],送礼,旅行,办公,厨房,卧室,客厅,汽车用,苹果手机,笔记本,宠物,狗狗,婴儿""",
}
for words in (EN, ZH):
    words["ends"] = [" ".join(end.split()) for end in words["ends"].split(",")]

SYLLABLES = """ka mo ri ta lo ne vi za su pe dor lin mar fex tron ax wel kor ban sol nix ter go ha yu el bri ston que ma ra di
    no ce ti la ro be jo sha""".split()
CHARACTERS = list("美康佳达力士丽雅博安华天新乐宝贝奇迪凯欧伊尚诺维卡金龙海洋星月梦光明威克斯特尔")


def made(meanings: list[Meaning], chance: random.Random) -> list[Title]:
    """A title in English and one in Chinese for each name of goods, two for those of a taxonomy."""
    titles = []
    for meaning in meanings:
        if not meaning.is_goods:
            continue
        for _ in range(2 if meaning.parents else 1):
            name = chance.choice(meaning.texts["en"][:3])
            titles.append(Title(english(name, chance), "en", name))
            if names := meaning.texts.get("zh"):
                name = chance.choice(names)
                titles.append(Title(chinese(name, chance), "zh", name))
    return titles


def english(name: str, chance: random.Random) -> str:
    parts = [latin_brand(chance)] if chance.random() < 0.6 else []
    parts += chance.sample(EN["adjectives"], chance.choice((0, 1, 1, 2)))
    parts += sometimes(0.4, EN["materials"], chance)
    parts.append(name)
    parts += sometimes(0.5, EN["ends"], chance) + sometimes(0.5, EN["colours"], chance)
    parts += [code(chance)] if chance.random() < 0.3 else []
    return " ".join(parts)


def chinese(name: str, chance: random.Random) -> str:
    parts = [chance.choice((chinese_brand, chinese_brand, latin_brand))(chance)] if chance.random() < 0.6 else []
    parts += [latin_brand(chance)] if chance.random() < 0.2 else []
    middle = chance.sample(ZH["adjectives"], chance.choice((0, 1, 2, 3)))
    middle += sometimes(0.4, ZH["materials"], chance) + [name]
    if chance.random() < 0.3:
        chance.shuffle(middle)
    # Chinese titles set spaces as they please.
    parts += ["".join(middle)] if chance.random() < 0.5 else middle
    parts += sometimes(0.5, ZH["ends"], chance) + sometimes(0.5, ZH["colours"], chance)
    parts += [code(chance)] if chance.random() < 0.4 else []
    return " ".join(parts)


def sometimes(share: float, words: list[str], chance: random.Random) -> list[str]:
    return [chance.choice(words)] if chance.random() < share else []


def latin_brand(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3)))).capitalize()


def chinese_brand(chance: random.Random) -> str:
    return "".join(chance.choices(CHARACTERS, k=chance.choice((2, 2, 3))))


def code(chance: random.Random) -> str:
    return chance.choice(
        (
            f"{chance.choice('ABCDEFGHJKLMTXZ')}{chance.randint(10, 9999)}",
            f"{chance.choice(('LM', 'XW', 'GT', 'SP', 'DX', 'TF'))}-{chance.randint(100, 99999)}",
            str(chance.randint(100, 99999999)),
        )
    )
