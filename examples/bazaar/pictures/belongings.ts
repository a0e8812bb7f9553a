/** Bags, paper, clothes and devices. */
import type { Drawing } from './picture.ts';

export const backpack: Drawing = (c) => `
<path d="M92 56q0-26 28-26t28 26" fill="none" stroke="${c.dark}" stroke-width="8"/>
<path d="M58 98q0-52 62-52t62 52v76q0 14-14 14H72q-14 0-14-14z" fill="${c.main}"/>
<path d="M58 98q0-52 62-52-34 16-34 60v82H72q-14 0-14-14z" fill="${c.dark}" opacity=".25"/>
<path d="M58 96q0-50 62-50t62 50v14q-62 26-124 0z" fill="${c.dark}" opacity=".45"/>
<path d="M78 134h84v44q0 6-6 6H84q-6 0-6-6z" fill="${c.main}" stroke="${c.dark}" stroke-width="3"/><path d="M78 146h84" stroke="${c.dark}" stroke-width="3"/>
<path d="M96 96v36M144 96v36" stroke="${c.accent}" stroke-width="9"/><path d="M90 120h12v10H90zM138 120h12v10h-12z" fill="${c.light}"/>
<path d="M50 118q-12 8-8 50M190 118q12 8 8 50" fill="none" stroke="${c.accent}" stroke-width="7"/>`;

export const cardholder: Drawing = (c) => `
<g transform="rotate(-8 120 120)"><rect x="66" y="50" width="104" height="66" rx="8" fill="${c.light}"/><path d="M76 66h44M76 78h28" stroke="${c.dark}" stroke-width="4" opacity=".4"/>
<rect x="74" y="66" width="104" height="60" rx="8" fill="${c.accent}"/><rect x="86" y="80" width="20" height="14" rx="3" fill="${c.light}" opacity=".8"/></g>
<rect x="44" y="92" width="152" height="94" rx="12" fill="${c.main}"/>
<path d="M44 126h152v48q0 12-12 12H56q-12 0-12-12z" fill="${c.dark}" opacity=".22"/>
<path d="M44 126h58q6 14 18 14t18-14h58" fill="none" stroke="${c.dark}" stroke-width="3" opacity=".6"/>
<rect x="52" y="100" width="136" height="78" rx="7" fill="none" stroke="${c.light}" stroke-width="2" stroke-dasharray="6 5" opacity=".75"/>
<circle cx="174" cy="162" r="5" fill="${c.accent}"/>`;

export const scarf: Drawing = (c) => `
<path d="M104 92l-30 92h40l22-80z" fill="${c.dark}"/><path d="M128 96l18 90h42l-26-98z" fill="${c.main}"/>
<path d="M60 66q60-40 120 0 14 12 4 28-10 14-32 20-34 10-66 0-24-8-32-22-6-14 6-26z" fill="${c.main}"/>
<path d="M74 76q46 24 94-2 8 10-2 16-42 24-88 4-12-6-4-18z" fill="${c.dark}" opacity=".5"/>
<g stroke="${c.accent}" stroke-width="6"><path d="M94 128l40 4M88 146l40 4M136 132l36-4M140 150l38-4M84 60l8 50M150 54l-2 58"/></g>
<g stroke="${c.light}" stroke-width="3"><path d="M82 184l-2 10M94 185l-1 10M106 186v9M152 187l2 9M164 187l2 9M178 187l3 9"/></g>`;

export const notebook: Drawing = (c) => `
<g transform="rotate(-7 120 120)"><path d="M76 44h96q8 0 8 8v132q0 8-8 8H76z" fill="${c.light}"/><path d="M70 40h92q8 0 8 8v132q0 8-8 8H70z" fill="${c.main}"/>
<path d="M70 40h18v148H70z" fill="${c.dark}"/><g stroke="${c.light}" stroke-width="4"><path d="M64 62h20M64 88h20M64 140h20M64 166h20M64 114h20"/></g>
<rect x="106" y="62" width="44" height="70" fill="${c.light}"/><path d="M128 74v46M118 80v34" stroke="${c.accent}" stroke-width="4"/>
<path d="M150 188v14l6-6 6 6v-14" fill="${c.accent}"/></g>`;

export const camera: Drawing = (c) => `
<path d="M78 70l10-22h64l10 22z" fill="${c.light}"/><rect x="100" y="54" width="40" height="14" rx="3" fill="${c.dark}"/>
<rect x="34" y="66" width="172" height="118" rx="14" fill="${c.light}"/><path d="M34 92h172v68H34z" fill="${c.main}"/>
<path d="M34 92h30v68H34z" fill="${c.dark}" opacity=".3"/>
<circle cx="122" cy="126" r="46" fill="${c.dark}"/><circle cx="122" cy="126" r="36" fill="#23262d"/><circle cx="122" cy="126" r="22" fill="${c.accent}" opacity=".65"/><circle cx="122" cy="126" r="12" fill="#14161b"/><circle cx="112" cy="114" r="7" fill="#fff" opacity=".6"/>
<rect x="48" y="58" width="26" height="10" rx="3" fill="${c.dark}"/><circle cx="186" cy="80" r="6" fill="${c.accent}"/><path d="M180 104h14" stroke="${c.light}" stroke-width="5"/>`;

export const headphones: Drawing = (c) => `
<path d="M52 136v-16q0-76 68-76t68 76v16" fill="none" stroke="${c.dark}" stroke-width="13"/>
<path d="M84 62q36-26 72 0" fill="none" stroke="${c.light}" stroke-width="5" opacity=".7"/>
<rect x="36" y="122" width="38" height="64" rx="18" fill="${c.main}"/><rect x="166" y="122" width="38" height="64" rx="18" fill="${c.main}"/>
<rect x="66" y="128" width="18" height="52" rx="9" fill="${c.dark}"/><rect x="156" y="128" width="18" height="52" rx="9" fill="${c.dark}"/>
<path d="M47 138v30M193 138v30" stroke="${c.accent}" stroke-width="5"/>`;

export const keyboard: Drawing = (c) => {
  let keys = '';
  for (let row = 0; row < 4; row += 1) {
    for (let column = 0; column < 9; column += 1) {
      const tone = (row + column * 2) % 7 === 0 ? c.accent : row === 0 ? c.light : c.main;
      const x = 34 + column * 19.4;
      keys += `<rect x="${x}" y="${86 + row * 20}" width="16" height="16" rx="4" fill="${tone}"/>`;
    }
  }
  return `<g transform="rotate(-6 120 130)"><rect x="22" y="74" width="196" height="116" rx="14" fill="${c.dark}"/><rect x="26" y="76" width="188" height="106" rx="11" fill="${c.light}" opacity=".22"/>${keys}
<rect x="76" y="166" width="92" height="14" rx="4" fill="${c.light}"/></g><path d="M120 68q-6-22 18-26t22-22" fill="none" stroke="${c.dark}" stroke-width="5"/>`;
};

export const watch: Drawing = (c) => `
<path d="M90 74l6-44h48l6 44zM90 150l6 44h48l6-44z" fill="${c.main}"/>
<path d="M100 40h40M98 52h44M98 172h44M100 184h40" stroke="${c.dark}" stroke-width="3" opacity=".4"/>
<rect x="68" y="62" width="104" height="100" rx="30" fill="${c.light}"/><rect x="75" y="69" width="90" height="86" rx="24" fill="#17191f"/><rect x="172" y="98" width="8" height="26" rx="4" fill="${c.dark}"/>
<g fill="none" stroke-width="7"><circle cx="120" cy="112" r="30" stroke="#333843"/><path d="M120 82a30 30 0 1 1-28 40" stroke="${c.accent}"/><circle cx="120" cy="112" r="19" stroke="#333843"/><path d="M120 93a19 19 0 0 1 8 36" stroke="${c.light}"/></g>`;

export const downJacket: Drawing = (c) => `
<path d="M92 46l-38 16q-14 8-18 32l-10 76q0 10 12 10h22l8-58v66h104v-66l8 58h22q12 0 12-10l-10-76q-4-24-18-32l-38-16z" fill="${c.main}"/>
<path d="M92 46q28-22 56 0l4 18q-32 18-64 0z" fill="${c.dark}"/><path d="M98 50q22-14 44 0l-2 10q-20 10-40 0z" fill="${c.light}" opacity=".5"/>
<g fill="none" stroke="${c.dark}" stroke-width="3" opacity=".42"><path d="M70 94q50 10 100 0M68 120q52 10 104 0M68 146q52 10 104 0M68 170q52 8 104 0M40 96l28 8M34 122l32 6M30 148l32 6M200 96l-28 8M206 122l-32 6M210 148l-32 6"/></g>
<path d="M120 66v122" stroke="${c.accent}" stroke-width="4"/><rect x="138" y="98" width="20" height="14" rx="3" fill="${c.accent}"/>`;
