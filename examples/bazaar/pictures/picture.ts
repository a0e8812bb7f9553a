/**
 * The frame of every product picture: a soft ground, a shadow, and the thing itself, 240 by 240.
 * Drawings are data in, SVG out; they hold no text from anyone, so nothing needs escaping here.
 */
export interface Palette {
  readonly ground: string;
  readonly main: string;
  readonly dark: string;
  readonly light: string;
  readonly accent: string;
}

export type Drawing = (colors: Palette) => string;

export function picture(colors: Palette, drawing: Drawing): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img">
<defs><radialGradient id="g" cx=".5" cy=".38" r=".75"><stop offset="0" stop-color="#fff" stop-opacity=".7"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
<rect width="240" height="240" fill="${colors.ground}"/><rect width="240" height="240" fill="url(#g)"/>
<ellipse cx="120" cy="190" rx="84" ry="9" fill="${colors.dark}" opacity=".14"/>
<g stroke-linecap="round" stroke-linejoin="round">${drawing(colors)}</g></svg>`;
}
