/** The B2C side: flagship stores. The brands are made up. */
import { downJacket, headphones, keyboard, watch } from '../pictures/belongings.ts';
import { highTop, runner, trailShoe } from '../pictures/footwear.ts';
import { chair, deskLamp, kettle, teapot, teaTin } from '../pictures/homeware.ts';
import type { Seller, Text } from './catalogue.ts';

const sizes = (...numbers: number[]): Text[] => numbers.map((n) => ({ zh: `${n}`, en: `${n}` }));

export const tmallSellers: readonly Seller[] = [
  {
    id: 'buyun',
    name: { zh: '步云运动旗舰店', en: 'Buyun Sport Flagship Store' },
    slogan: { zh: '脚下有云', en: 'Cloud underfoot' },
    place: { zh: '福建 泉州', en: 'Quanzhou, Fujian' },
    sign: '步',
    products: [
      {
        id: 'm1',
        name: { zh: '步云 流光 3 缓震跑鞋', en: 'Buyun Glide 3 running shoes' },
        detail: {
          zh: '超临界发泡中底，单只 218 克，日常训练首选。',
          en: 'Supercritical foam, 218 g, made for daily miles.',
        },
        priceFen: 59900n,
        options: sizes(39, 40, 41, 42, 43, 44),
        drawing: runner,
        colors: {
          ground: '#fbe0dc',
          main: '#e0483e',
          dark: '#7d1c1c',
          light: '#fff8f2',
          accent: '#ffb13d',
        },
      },
      {
        id: 'm2',
        name: { zh: '步云 山径 越野跑鞋', en: 'Buyun Ridge trail shoes' },
        detail: {
          zh: '五毫米齿纹，湿地不打滑，鞋面可水洗。',
          en: 'Five-millimetre lugs that hold on wet stone. Washable upper.',
        },
        priceFen: 72900n,
        options: sizes(40, 41, 42, 43, 44),
        drawing: trailShoe,
        colors: {
          ground: '#dfe9df',
          main: '#4d8062',
          dark: '#22392d',
          light: '#f4f3e6',
          accent: '#f2a33a',
        },
      },
      {
        id: 'm3',
        name: { zh: '步云 摘星 高帮篮球鞋', en: 'Buyun Star high-top basketball shoes' },
        detail: {
          zh: '碳板抗扭，前掌气垫，外场耐磨大底。',
          en: 'Carbon shank, forefoot air, an outsole for outdoor courts.',
        },
        priceFen: 89900n,
        options: sizes(41, 42, 43, 44, 45),
        drawing: highTop,
        colors: {
          ground: '#e4e2f1',
          main: '#4b3f8f',
          dark: '#261f52',
          light: '#f6f2ff',
          accent: '#f0643c',
        },
      },
    ],
  },
  {
    id: 'qingyu',
    name: { zh: '青屿数码旗舰店', en: 'Qingyu Digital Flagship Store' },
    slogan: { zh: '安静，是更好的声音', en: 'Quiet is the better sound' },
    place: { zh: '广东 深圳', en: 'Shenzhen, Guangdong' },
    sign: '屿',
    products: [
      {
        id: 'm4',
        name: { zh: '青屿 静听 头戴降噪耳机', en: 'Qingyu Hush noise-cancelling headphones' },
        detail: {
          zh: '四十五小时续航，双设备连接。',
          en: 'Forty-five hours, two devices at once.',
        },
        priceFen: 89900n,
        options: [
          { zh: '雾蓝', en: 'Mist' },
          { zh: '曜黑', en: 'Black' },
        ],
        drawing: headphones,
        colors: {
          ground: '#dfe8f1',
          main: '#5f83a8',
          dark: '#2b3d51',
          light: '#f5f8fb',
          accent: '#f2c14e',
        },
      },
      {
        id: 'm5',
        name: { zh: '青屿 75 键机械键盘', en: 'Qingyu 75-key mechanical keyboard' },
        detail: {
          zh: '热插拔，三模连接，静音线性轴。',
          en: 'Hot-swap, three modes, silent linear switches.',
        },
        priceFen: 49900n,
        options: [],
        drawing: keyboard,
        colors: {
          ground: '#e8e6e1',
          main: '#a9a49a',
          dark: '#3a3835',
          light: '#f8f5ee',
          accent: '#dd2727',
        },
      },
      {
        id: 'm6',
        name: { zh: '青屿 潮汐 智能手表', en: 'Qingyu Tide smart watch' },
        detail: {
          zh: '血氧、睡眠、双频定位，两周一充。',
          en: 'Oxygen, sleep, dual-band GPS; two weeks a charge.',
        },
        priceFen: 129900n,
        options: [],
        drawing: watch,
        colors: {
          ground: '#e3ebe8',
          main: '#3f7f79',
          dark: '#1e4441',
          light: '#c9d3d2',
          accent: '#39d6a4',
        },
      },
    ],
  },
  {
    id: 'guyu',
    name: { zh: '谷雨茶器旗舰店', en: 'Guyu Tea Flagship Store' },
    slogan: { zh: '一壶春山', en: 'A spring hill in a pot' },
    place: { zh: '江苏 宜兴', en: 'Yixing, Jiangsu' },
    sign: '谷',
    products: [
      {
        id: 'm7',
        name: { zh: '谷雨 朱泥手工茶壶 180ml', en: 'Guyu red-clay teapot, 180 ml' },
        detail: { zh: '原矿朱泥，出水三秒断流。', en: 'Raw red clay; pours clean, stops at once.' },
        priceFen: 26800n,
        options: [],
        drawing: teapot,
        colors: {
          ground: '#f4dfd2',
          main: '#a84a2c',
          dark: '#5a2313',
          light: '#ffeede',
          accent: '#d9a441',
        },
      },
      {
        id: 'm8',
        name: { zh: '谷雨 明前龙井 100g', en: 'Guyu first-flush Longjing, 100 g' },
        detail: {
          zh: '清明前头采，密封避光铁罐。',
          en: 'First picking before Qingming, in a sealed tin.',
        },
        priceFen: 18800n,
        options: [],
        drawing: teaTin,
        colors: {
          ground: '#e0ebd8',
          main: '#3f7a4c',
          dark: '#224329',
          light: '#f5f1df',
          accent: '#6ba352',
        },
      },
      {
        id: 'm9',
        name: { zh: '谷雨 控温电水壶', en: 'Guyu variable kettle' },
        detail: {
          zh: '六档控温，鹅颈壶嘴，内胆 316 钢。',
          en: 'Six temperatures, steel 316 inside.',
        },
        priceFen: 35900n,
        options: [],
        drawing: kettle,
        colors: {
          ground: '#e6e4e0',
          main: '#5d6068',
          dark: '#2a2c31',
          light: '#eceff2',
          accent: '#e2543c',
        },
      },
    ],
  },
  {
    id: 'shiguang',
    name: { zh: '拾光家居旗舰店', en: 'Shiguang Home Flagship Store' },
    slogan: { zh: '把光留在家里', en: 'Keep the light at home' },
    place: { zh: '上海', en: 'Shanghai' },
    sign: '拾',
    products: [
      {
        id: 'm10',
        name: { zh: '拾光 无频闪护眼台灯', en: 'Shiguang flicker-free desk lamp' },
        detail: {
          zh: '国 AA 级照度，Ra97，无极调光。',
          en: 'AA-grade light, Ra 97, stepless dimming.',
        },
        priceFen: 32900n,
        options: [],
        drawing: deskLamp,
        colors: {
          ground: '#f6ead0',
          main: '#d88a2a',
          dark: '#4f3a20',
          light: '#fff4cf',
          accent: '#f5c542',
        },
      },
      {
        id: 'm11',
        name: { zh: '拾光 云朵单人沙发椅', en: 'Shiguang Cloud armchair' },
        detail: {
          zh: '高回弹海绵，水洗绒面，实木脚。',
          en: 'High-resilience foam, washable velvet, wooden legs.',
        },
        priceFen: 168000n,
        options: [
          { zh: '松石绿', en: 'Turquoise' },
          { zh: '米白', en: 'Oat' },
        ],
        drawing: chair,
        colors: {
          ground: '#dcebeb',
          main: '#3d8a8a',
          dark: '#1f4b4b',
          light: '#f1efe4',
          accent: '#e58f5b',
        },
      },
      {
        id: 'm12',
        name: { zh: '拾光 轻量羽绒外套', en: 'Shiguang light down jacket' },
        detail: {
          zh: '九十白鹅绒，收进一只口袋。',
          en: 'Goose down 90/10; packs into its own pocket.',
        },
        priceFen: 79900n,
        options: [
          { zh: 'M', en: 'M' },
          { zh: 'L', en: 'L' },
          { zh: 'XL', en: 'XL' },
        ],
        drawing: downJacket,
        colors: {
          ground: '#e1e6ee',
          main: '#3f5878',
          dark: '#202f44',
          light: '#dfe7f0',
          accent: '#e2543c',
        },
      },
    ],
  },
];
