/** The C2C side: small shops in a lane. */
import { backpack, camera, cardholder, notebook, scarf } from '../pictures/belongings.ts';
import { canvasSneaker, clothShoe, suedeBoot } from '../pictures/footwear.ts';
import { mug, paperLamp, plant, umbrella } from '../pictures/homeware.ts';
import type { Seller, Text } from './catalogue.ts';

const sizes = (...numbers: number[]): Text[] => numbers.map((n) => ({ zh: `${n}`, en: `${n}` }));

const cream = '#fbf3e6';

export const taobaoSellers: readonly Seller[] = [
  {
    id: 'lane-shoes',
    name: { zh: '胡同里鞋铺', en: 'Lane Shoe Shop' },
    slogan: { zh: '一双好鞋，走遍胡同', en: 'Good shoes for every lane' },
    place: { zh: '北京 东城', en: 'Dongcheng, Beijing' },
    sign: '鞋',
    products: [
      {
        id: 'c1',
        name: { zh: '复古帆布鞋 低帮 午夜蓝', en: 'Canvas sneakers, low, midnight blue' },
        detail: {
          zh: '厚实十安帆布，硫化橡胶大底，穿旧了更好看。',
          en: 'Ten-ounce canvas on a vulcanised sole. Better with age.',
        },
        priceFen: 8900n,
        options: sizes(38, 39, 40, 41, 42, 43),
        drawing: canvasSneaker,
        colors: {
          ground: '#dde6f0',
          main: '#37567c',
          dark: '#1e2f47',
          light: cream,
          accent: '#e2663c',
        },
      },
      {
        id: 'c2',
        name: { zh: '千层底手纳布鞋', en: 'Hand-stitched cloth shoes' },
        detail: {
          zh: '三十二层棉布，麻线手纳，两千一百针一只底。',
          en: 'Thirty-two layers of cotton, quilted by hand with hemp thread.',
        },
        priceFen: 12800n,
        options: sizes(36, 37, 38, 39, 40, 41),
        drawing: clothShoe,
        colors: {
          ground: '#f6dfd8',
          main: '#b13a34',
          dark: '#5d1a1c',
          light: cream,
          accent: '#f0b94a',
        },
      },
      {
        id: 'c3',
        name: { zh: '麂皮短靴 秋冬款', en: 'Suede chukka boots' },
        detail: {
          zh: '反绒牛皮，固特异沿条，可换底。',
          en: 'Reversed calf on a Goodyear welt. Can be resoled.',
        },
        priceFen: 26900n,
        options: sizes(39, 40, 41, 42, 43),
        drawing: suedeBoot,
        colors: {
          ground: '#efe0cb',
          main: '#a8743f',
          dark: '#573618',
          light: cream,
          accent: '#e8b060',
        },
      },
    ],
  },
  {
    id: 'small-things',
    name: { zh: '小满杂货', en: 'Xiaoman Small Things' },
    slogan: { zh: '日子小满，刚刚好', en: 'Just enough, just right' },
    place: { zh: '江西 景德镇', en: 'Jingdezhen, Jiangxi' },
    sign: '满',
    products: [
      {
        id: 'c4',
        name: { zh: '粗陶马克杯 落日釉', en: 'Stoneware mug, sunset glaze' },
        detail: {
          zh: '柴窑还原烧，每一只的流釉都不一样。',
          en: 'Reduction fired; no two glazes run alike.',
        },
        priceFen: 3990n,
        options: [],
        drawing: mug,
        colors: {
          ground: '#f7e3cf',
          main: '#c8643c',
          dark: '#6b3020',
          light: '#fff6ea',
          accent: '#e9a23b',
        },
      },
      {
        id: 'c5',
        name: { zh: '宣纸月亮台灯', en: 'Xuan paper moon lamp' },
        detail: {
          zh: '竹骨宣纸，暖光 2700K，USB-C 供电。',
          en: 'Bamboo ribs, xuan paper, 2700 K, powered by USB-C.',
        },
        priceFen: 15800n,
        options: [],
        drawing: paperLamp,
        colors: {
          ground: '#e9dfd0',
          main: '#e7c58a',
          dark: '#4a3a2a',
          light: '#fffaf0',
          accent: '#d99a3a',
        },
      },
      {
        id: 'c6',
        name: { zh: '手绘油纸伞', en: 'Painted oil-paper umbrella' },
        detail: {
          zh: '桐油皮纸，三十六骨，晴雨两用。',
          en: 'Tung-oiled paper on thirty-six ribs, for sun and rain.',
        },
        priceFen: 11900n,
        options: [
          { zh: '青', en: 'Celadon' },
          { zh: '朱', en: 'Vermilion' },
        ],
        drawing: umbrella,
        colors: {
          ground: '#dcebe4',
          main: '#3f8576',
          dark: '#23463f',
          light: '#f6efdf',
          accent: '#d9583b',
        },
      },
    ],
  },
  {
    id: 'south-hill',
    name: { zh: '南山手作', en: 'South Hill Handmade' },
    slogan: { zh: '一针一线，慢慢来', en: 'Stitch by stitch, slowly' },
    place: { zh: '浙江 杭州', en: 'Hangzhou, Zhejiang' },
    sign: '南',
    products: [
      {
        id: 'c7',
        name: { zh: '油蜡帆布双肩包', en: 'Waxed canvas backpack' },
        detail: {
          zh: '防泼水油蜡帆布，黄铜扣件，放得下十六寸电脑。',
          en: 'Rain-proof waxed canvas, brass buckles, takes a 16-inch laptop.',
        },
        priceFen: 23800n,
        options: [],
        drawing: backpack,
        colors: {
          ground: '#e3e7d6',
          main: '#5f6f43',
          dark: '#333f22',
          light: '#f3eddb',
          accent: '#b8763a',
        },
      },
      {
        id: 'c8',
        name: { zh: '植鞣皮零钱卡包', en: 'Vegetable-tanned card holder' },
        detail: {
          zh: '头层植鞣革，双针马鞍缝，越用越亮。',
          en: 'Full-grain leather, saddle stitched; it will shine with use.',
        },
        priceFen: 7900n,
        options: [],
        drawing: cardholder,
        colors: {
          ground: '#f3dfcb',
          main: '#a4562b',
          dark: '#552a12',
          light: '#fdf1de',
          accent: '#e5a545',
        },
      },
      {
        id: 'c9',
        name: { zh: '羊毛格纹围巾', en: 'Checked wool scarf' },
        detail: { zh: '澳洲美利奴羊毛，两米长。', en: 'Merino wool, two metres long.' },
        priceFen: 14900n,
        options: [],
        drawing: scarf,
        colors: {
          ground: '#ece0ea',
          main: '#8c3f5c',
          dark: '#4f2036',
          light: '#a98294',
          accent: '#e8b7a0',
        },
      },
    ],
  },
  {
    id: 'old-books',
    name: { zh: '巷口旧物与绿植', en: 'Corner Books & Plants' },
    slogan: { zh: '旧的有故事，绿的在生长', en: 'Old things with stories, green things growing' },
    place: { zh: '四川 成都', en: 'Chengdu, Sichuan' },
    sign: '旧',
    products: [
      {
        id: 'c10',
        name: { zh: '线装空白笔记本', en: 'Thread-bound notebook' },
        detail: {
          zh: '竹浆毛边纸，可平摊，钢笔不洇。',
          en: 'Bamboo paper, lies flat, loves fountain pens.',
        },
        priceFen: 2800n,
        options: [],
        drawing: notebook,
        colors: {
          ground: '#dbe5ea',
          main: '#2f5d73',
          dark: '#173443',
          light: '#f4ecd9',
          accent: '#c8452f',
        },
      },
      {
        id: 'c11',
        name: { zh: '八十年代胶片相机 已检修', en: 'Film camera of the eighties, serviced' },
        detail: {
          zh: '快门、测光、海绵全部检修，附试机样片。',
          en: 'Shutter, meter and seals serviced; comes with test frames.',
        },
        priceFen: 68000n,
        options: [],
        drawing: camera,
        colors: {
          ground: '#e6e2da',
          main: '#3c3a38',
          dark: '#211f1e',
          light: '#cfc9bf',
          accent: '#4f86b5',
        },
      },
      {
        id: 'c12',
        name: { zh: '龟背竹 陶盆小苗', en: 'Young monstera in a clay pot' },
        detail: {
          zh: '带土包邮，到货蔫了包赔。',
          en: 'Posted in soil. If it arrives limp, it is on us.',
        },
        priceFen: 4500n,
        options: [],
        drawing: plant,
        colors: {
          ground: '#dfeddb',
          main: '#2f8f57',
          dark: '#1d5636',
          light: '#f3e6d2',
          accent: '#69b36b',
        },
      },
    ],
  },
];
