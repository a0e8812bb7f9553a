/**
 * `npm run screenshots [-- name…]`: every page of the tables below, wide and narrow, in Chinese and
 * English, into artefacts/screenshots/. A page is a name, a way to open it and what to look with;
 * the stops of tools/tour.ts come from a demo that is started for them. `-- --readme` takes the
 * pictures of the README into docs/images/ instead.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import { type Browser, chromium } from 'playwright-core';
import type { BrowserDevice } from '../src/cashier/device.ts';
import { cashierPlugin } from '../src/cashier/plugin.ts';
import { qrDrawing } from '../src/cashier/qr.ts';
import type { Drawing } from '../src/cashier/stand/drawing.ts';
import { type StandContent, standDrawing, tapCardDrawing } from '../src/cashier/stand/layout.ts';
import { drawingSvg } from '../src/cashier/stand/svg.ts';
import { NOW_MS, USER_AGENTS } from '../test/cashier/fixtures.ts';
import { Stage } from '../test/cashier/stage.ts';
import { type CashierState, STATES } from '../test/cashier/states.ts';
import { startOwnDemo } from '../test/e2e/demo-process.ts';
import { CHROMIUM, CHROMIUM_ARGS, DESKTOP, PHONE } from '../test/e2e/shopper.ts';
import { openPhoneCity, PHONE_SHOTS } from './phone-shots.ts';
import { TOUR_STOPS, walk } from './tour.ts';

const OUT = 'artefacts/screenshots';
const README_OUT = 'docs/images';
const LANGUAGES = ['zh', 'en'] as const;
const WIDTHS = [DESKTOP, PHONE] as const;

/** One language and width each, what fits the window; a README is no album. */
const README_PICTURES: readonly string[] = [
  'bazaar-taobao-1280-zh',
  'live-cashier-choose-1280-zh',
  'live-cashier-qr-1280-zh',
  'live-cashier-choose-390-en',
  'phone-code-unionpay-390-en',
  'bazaar-stand-1280-zh',
  'bazaar-tmall-order-paid-1280-en',
];

/** One page to look at; `open` starts what it needs and gives its address. */
interface Shot {
  readonly name: string;
  readonly device: BrowserDevice;
  readonly cookie: string | null;
  readonly open: (
    stage: Stage,
  ) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>;
  /** What is typed into the amount and sent before the picture is taken. */
  readonly typed?: string;
}

function cashierShot(state: CashierState, device: BrowserDevice): Shot {
  const attempt = state.view.payment.intent.latestAttempt;
  return {
    name: `cashier-${state.name}`,
    device,
    cookie: state.startedHere && attempt !== null ? `hutong_attempt=${attempt}` : null,
    open: async (stage) => {
      const app = Fastify();
      await stage.show(state.view, state.offers);
      const { useCases, tokens } = stage;
      const clock = { nowMs: () => NOW_MS };
      const config = { publicUrl: 'https://pay.hutong.example' };
      await app.register(cashierPlugin({ useCases, config, clock }));
      const address = await app.listen({ host: '127.0.0.1', port: 0 });
      const token = state.view.kind === 'friend' ? tokens.friend : tokens.buyer;
      return { url: `${address}/pay/${token}`, close: () => app.close() };
    },
  };
}

/** A page behind a printed code, as it is asked for or after `typed` was sent. */
function counterShot(name: string, of: 'counter' | 'closedCounter', typed: string | null): Shot {
  const shot = cashierShot(STATES[0]!, 'mobile');
  return {
    ...shot,
    name,
    cookie: null,
    open: async (stage) => {
      const opened = await shot.open(stage);
      return { ...opened, url: new URL(`/c/${stage.tokens[of]}`, opened.url).href };
    },
    ...(typed === null ? {} : { typed }),
  };
}

/** A sheet to print, as a browser shows its SVG. */
function sheetShot(name: string, draw: (content: StandContent) => Drawing): Shot {
  return {
    name,
    device: 'desktop',
    cookie: null,
    open: async () => {
      const app = Fastify();
      const qr = qrDrawing('https://pay.hutong.example/c/a1b2c3d4e5f6a7b8c9d0', 'Q')!;
      const names = { merchantName: '梧桐家居旗舰店', counterName: '一号柜台 Till 1' };
      const svg = drawingSvg(draw({ id: 'ctr_01K0Z3V7X9Q2A', qr, ...names }));
      app.get('/sheet.svg', (_request, reply) => reply.type('image/svg+xml').send(svg));
      app.get('/', (_request, reply) => reply.type('text/html').send('<img src="/sheet.svg">'));
      const address = await app.listen({ host: '127.0.0.1', port: 0 });
      return { url: address, close: () => app.close() };
    },
  };
}

/** What needs no demo: each page on a payment made for it. */
const SHOTS: readonly Shot[] = [
  ...STATES.map((state) => cashierShot(state, state.devices[0] ?? 'desktop')),
  counterShot('counter', 'counter', null),
  counterShot('counter-problem', 'counter', '12.345'),
  counterShot('counter-closed', 'closedCounter', null),
  sheetShot('stand', standDrawing),
  sheetShot('tap-card', tapCardDrawing),
  {
    ...cashierShot(STATES[0]!, 'desktop'),
    name: 'cashier-not-found',
    open: async (stage) => {
      const opened = await cashierShot(STATES[0]!, 'desktop').open(stage);
      return { ...opened, url: new URL('/pay/nothing', opened.url).href };
    },
  },
];

async function shoot(browser: Browser, stage: Stage, shot: Shot): Promise<void> {
  const opened = await shot.open(stage);
  for (const language of LANGUAGES) {
    for (const viewport of WIDTHS) {
      const context = await browser.newContext({
        viewport,
        hasTouch: viewport === PHONE,
        userAgent: USER_AGENTS[shot.device],
        locale: language === 'zh' ? 'zh-CN' : 'en-US',
        extraHTTPHeaders: shot.cookie === null ? {} : { cookie: shot.cookie },
      });
      const page = await context.newPage();
      await page.goto(opened.url, { waitUntil: 'load' });
      if (shot.typed !== undefined) {
        await page.locator('#amount').fill(shot.typed);
        await page.locator('button.primary').click();
        await page.locator('[aria-invalid]').waitFor();
      }
      const path = join(OUT, `${shot.name}-${viewport.width}-${language}.png`);
      await page.screenshot({ path, fullPage: true });
      await context.close();
    }
  }
  await opened.close();
}

/** The sandbox's phone alone, every part of it. */
async function shootPhone(browser: Browser, wanted: (name: string) => boolean): Promise<void> {
  const shots = PHONE_SHOTS.filter((shot) => wanted(shot.name));
  if (shots.length === 0) return;
  const city = await openPhoneCity();
  try {
    for (const locale of ['zh-CN', 'en-US']) {
      for (const viewport of WIDTHS) {
        const context = await browser.newContext({ viewport, locale });
        const page = await context.newPage();
        for (const shot of shots) {
          await page.goto(`${city.url}${shot.path}`, { waitUntil: 'load' });
          await shot.ready(page);
          const name = `${shot.name}-${viewport.width}-${locale.slice(0, 2)}`;
          await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
          console.log(name);
        }
        await context.close();
      }
    }
  } finally {
    await city.close();
  }
}

/** The stops of the tour that `wanted` names, in every language and width. */
async function shootTour(
  browser: Browser,
  folder: string,
  wanted: (name: string) => boolean,
): Promise<void> {
  const walks = LANGUAGES.flatMap((language) => WIDTHS.map((viewport) => ({ language, viewport })));
  const isWorthIt = ({ language, viewport }: (typeof walks)[number]): boolean =>
    TOUR_STOPS.some((stop) => wanted(`${stop}-${viewport.width}-${language}`));
  if (!walks.some(isWorthIt)) return;
  mkdirSync(folder, { recursive: true });
  const demo = await startOwnDemo();
  try {
    for (const { language, viewport } of walks.filter(isWorthIt)) {
      await walk({
        browser,
        demo: demo.file,
        language,
        viewport,
        take: async (page, stop, { width }) => {
          const name = `${stop}-${width}-${language}`;
          if (!wanted(name)) return;
          const fullPage = folder !== README_OUT;
          await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
          console.log(name);
        },
      });
    }
  } finally {
    await demo.stop();
  }
}

async function main(names: readonly string[]): Promise<void> {
  const isReadme = names.includes('--readme');
  mkdirSync(OUT, { recursive: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  try {
    if (isReadme) {
      await shootTour(browser, README_OUT, (name) => README_PICTURES.includes(name));
      return;
    }
    await shootTour(
      browser,
      OUT,
      (name) => names.length === 0 || names.some((part) => name.includes(part)),
    );
    await shootPhone(
      browser,
      (name) => names.length === 0 || names.some((part) => name.includes(part)),
    );
    const stage = await Stage.open();
    for (const shot of SHOTS) {
      const isWanted = names.length === 0 || names.some((name) => shot.name.includes(name));
      if (!isWanted) continue;
      await shoot(browser, stage, shot);
      console.log(shot.name);
    }
    await stage.close();
  } finally {
    await browser.close();
  }
}

await main(process.argv.slice(2));
