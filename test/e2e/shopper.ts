/**
 * A buyer with a browser and a phone: what a user does in the bazaar, the cashier and the sandbox's
 * phone, by what a user sees. Used by the end-to-end test and for the screenshots.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import jsQrModule from 'jsqr';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // What breathes or pulses is drawn sixty times a second, without a graphics card.
  '--force-prefers-reduced-motion',
];
export const DESKTOP = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;

export type Language = 'zh' | 'en';
export type Viewport = typeof DESKTOP | typeof PHONE;

const LOCALES: Readonly<Record<Language, string>> = { zh: 'zh-CN', en: 'en-US' };

/** Why no browser can be used here, or null. */
export function missingForBrowser(): string | null {
  if (!fs.existsSync(CHROMIUM)) return `no Chromium at ${CHROMIUM}`;
  const fonts = spawnSync('fc-list', [':lang=zh'], { encoding: 'utf8' });
  return fonts.status === 0 && fonts.stdout.trim() !== '' ? null : 'no Chinese font';
}

export async function openContext(
  browser: Browser,
  language: Language,
  viewport: Viewport,
  more: { readonly userAgent?: string } = {},
): Promise<BrowserContext> {
  const options = { locale: LOCALES[language], viewport: { ...viewport }, ...more };
  const context = await browser.newContext(options);
  // A machine that is busy otherwise is no failure of the page.
  context.setDefaultTimeout(120_000);
  return context;
}

/** From the product's own page into the cart, as one does with the mouse. */
export async function addToCart(page: Page, productId: string): Promise<void> {
  await page.locator(`a[href$="/p/${productId}"]`).first().click();
  await page.locator('article.product').waitFor();
  const size = page.locator('fieldset.options label').nth(1);
  if ((await size.count()) > 0) await size.click();
  await page.locator('button[name=goto][value=cart]').click();
  await page.locator('section.group').first().waitFor();
}

export async function checkOut(page: Page): Promise<void> {
  await page.locator('a[href$="/checkout"]').click();
  await page.locator('label.pickup').nth(1).click();
  await page.locator('form[action$="/checkout"] button').click();
}

export function walletButton(page: Page, wallet: string): Locator {
  return page.locator(`form:has(input[name=wallet][value=${wallet}]) button.wallet`);
}

/** The code in the picture, read as a camera reads it: from pixels, knowing nothing of the page. */
export async function readQr(page: Page, picture: Locator): Promise<string | null> {
  const png = (await picture.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  const pixels = (await blank.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${png}';
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, data: Array.from(data) };
  })()`)) as { width: number; height: number; data: number[] };
  await blank.close();
  const read = jsQrModule as unknown as typeof jsQrModule.default;
  const { width, height, data } = pixels;
  return read(Uint8ClampedArray.from(data), width, height)?.data ?? null;
}

/** Chooses the app, pastes the code, and stands before the bill. */
export async function scanOnPhone(phone: Page, wallet: string, code: string): Promise<void> {
  await phone.locator(`label.wallet.${wallet}`).click();
  await phone.locator('#code').fill(code);
  await phone.locator('#scan-button').click();
  await phone.locator('#bill').waitFor();
}

/** Confirms the bill with six digits and waits for the wallet's result. */
export async function payOnPhone(phone: Page): Promise<void> {
  await phone.locator('#confirm').click();
  await phone.locator('dialog#pin[open]').waitFor();
  for (const digit of '135790') await phone.locator(`[data-digit="${digit}"]`).click();
  await phone.locator('#result').waitFor();
}
