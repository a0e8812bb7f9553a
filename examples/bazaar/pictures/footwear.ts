/** Shoes, seen from the side, toes to the right. */
import type { Drawing, Palette } from './picture.ts';

function laces(colors: Palette, count: number, x: number, y: number): string {
  let lines = '';
  for (let index = 0; index < count; index += 1) {
    const left = x + index * 11;
    const top = y + index * 10;
    lines += `<path d="M${left} ${top}l-13 12" stroke="${colors.light}" stroke-width="5"/>`;
  }
  return lines;
}

export const canvasSneaker: Drawing = (c) => `
<path d="M38 168V112q0-10 10-9 22 1 36-9l14-10q7-4 13 2l36 35q8 7 22 10l20 5q18 5 18 32z" fill="${c.main}"/>
<path d="M38 168V112q0-10 10-9 9 0 17-2l10 67z" fill="${c.dark}" opacity=".32"/>
<path d="M166 168q-2-28 20-32l8 2q15 5 13 30z" fill="${c.light}"/>
<path d="M84 94l14-10q7-4 13 2l10 10-18 18q-8-4-19-20z" fill="${c.dark}" opacity=".55"/>
${laces(c, 4, 117, 96)}
<path d="M52 140q44 6 84-10" stroke="${c.accent}" stroke-width="7" fill="none"/>
<path d="M32 164h178q3 22-13 22H45q-13 0-13-22z" fill="${c.light}"/>
<path d="M33 175h176" stroke="${c.accent}" stroke-width="3"/>
<circle cx="60" cy="124" r="10" fill="${c.light}"/><circle cx="60" cy="124" r="5" fill="${c.accent}"/>`;

export const clothShoe: Drawing = (c) => `
<path d="M34 170q-4-40 6-50 8-8 22-4 20 8 44 2 20-6 34 4 16 12 42 16 24 4 26 32z" fill="${c.main}"/>
<path d="M50 118q10-5 20 0 14 28 58 22 12-2 12-18 14 12 0 28-14 14-50 8-34-6-40-40z" fill="${c.dark}"/>
<path d="M96 146q20 6 38-4" stroke="${c.light}" stroke-width="2" stroke-dasharray="1 6" fill="none"/>
<path d="M150 140q30 4 40 22" stroke="${c.accent}" stroke-width="3" fill="none"/>
<g fill="${c.accent}"><circle cx="172" cy="148" r="5"/><circle cx="182" cy="155" r="4"/><circle cx="163" cy="154" r="3.4"/></g>
<path d="M30 168h182q2 18-12 18H42q-12 0-12-18z" fill="${c.light}"/>
<path d="M36 174h170M38 180h164" stroke="${c.dark}" stroke-width="1.5" stroke-dasharray="5 5" opacity=".5"/>`;

export const suedeBoot: Drawing = (c) => `
<path d="M52 170l6-92q1-14 14-14h44q12 0 12 12l2 38q2 12 18 16l34 8q20 6 20 32z" fill="${c.main}"/>
<path d="M52 170l6-92q1-14 14-14h12l-8 106z" fill="${c.dark}" opacity=".3"/>
<path d="M124 104l6 10q2 12 18 16l8 2-16 22q-22-8-26-38z" fill="${c.dark}" opacity=".35"/>
<path d="M58 78q1-14 14-14h44q12 0 12 12v6H58z" fill="${c.dark}" opacity=".6"/>
<g stroke="${c.light}" stroke-width="4.5"><path d="M128 92l-15 8M130 106l-16 9M136 119l-16 11"/></g>
<path d="M64 56q8-6 12 8" stroke="${c.accent}" stroke-width="5" fill="none"/>
<path d="M46 166h156q4 20-10 20H58q-14 0-12-20z" fill="${c.dark}"/>
<path d="M48 170h154" stroke="${c.accent}" stroke-width="2.5" stroke-dasharray="4 4"/>`;

export const runner: Drawing = (c) => `
<path d="M34 160q-6-38 2-58 4-8 14-4 20 10 40-6l12-10q6-4 12 2 14 30 50 42 40 10 44 34z" fill="${c.main}"/>
<path d="M34 160q-6-38 2-58 4-8 14-4 8 4 16 4-4 30 10 58z" fill="${c.dark}" opacity=".5"/>
<path d="M90 92l12-10q6-4 12 2 5 11 14 20l-24 18q-12-14-14-30z" fill="${c.dark}"/>
${laces(c, 4, 121, 94)}
<path d="M70 156q20-34 62-34-22 14-26 36zM112 158q8-22 40-28-16 12-16 28z" fill="${c.accent}"/>
<path d="M168 132q38 8 40 30h-36z" fill="${c.light}" opacity=".55"/>
<path d="M28 154q92 14 182 2 8 14-2 22-10 6-30 6H50q-26 0-22-30z" fill="${c.light}"/>
<path d="M28 164q40 14 82 8 50-8 100-4" stroke="${c.accent}" stroke-width="4" fill="none"/>
<path d="M44 184h140" stroke="${c.dark}" stroke-width="5"/>`;

export const trailShoe: Drawing = (c) => `
<path d="M38 162V106q0-12 12-10 20 4 34-6l12-10q7-5 13 2 12 26 42 36 50 12 56 44z" fill="${c.main}"/>
<path d="M38 162v-28q30 4 40 28zM92 162q4-26 34-34 26-4 34 8l-24 26z" fill="${c.dark}" opacity=".55"/>
<path d="M164 162q0-24 16-32 24 8 27 32z" fill="${c.dark}"/>
<path d="M84 90l12-10q7-5 13 2l10 16-20 16q-10-8-15-24z" fill="${c.dark}"/>
${laces(c, 4, 116, 94)}
<path d="M46 96q-8-14-2-18 7-3 12 18" fill="none" stroke="${c.accent}" stroke-width="6"/>
<path d="M32 158h178l-2 20h-12l-6 9h-13l-6-9h-10l-6 9h-13l-6-9h-10l-6 9h-13l-6-9H92l-6 9H73l-6-9H57l-6 9H40z" fill="${c.dark}"/>
<path d="M33 160h176" stroke="${c.accent}" stroke-width="6"/>`;

export const highTop: Drawing = (c) => `
<path d="M50 164l4-96q0-12 12-12h40q12 0 14 12l6 30q6 22 30 28l26 6q24 6 24 32z" fill="${c.main}"/>
<path d="M54 68q0-12 12-12h40q12 0 14 12l3 14q-36 14-70 2z" fill="${c.light}"/>
<path d="M50 164l2-44q30 0 40 44z" fill="${c.accent}"/>
<path d="M160 164q-4-30 26-31 18 8 20 31z" fill="${c.accent}"/>
<path d="M106 84l18 2 4 14q6 22 30 27l-20 20q-32-20-32-63z" fill="${c.dark}" opacity=".7"/>
<g stroke="${c.light}" stroke-width="5"><path d="M124 88l-15 5M127 101l-16 7M134 114l-15 9M146 124l-13 13"/></g>
<path d="M62 112q22 12 48 4" stroke="${c.dark}" stroke-width="5" fill="none"/>
<path d="M44 160h164q6 26-12 26H58q-18 0-14-26z" fill="${c.light}"/>
<path d="M46 176h160" stroke="${c.dark}" stroke-width="5"/><path d="M60 168h44" stroke="${c.accent}" stroke-width="6"/>`;
