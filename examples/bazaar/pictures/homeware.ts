/** Things for the table and the room. */
import type { Drawing } from './picture.ts';

export const mug: Drawing = (c) => `
<path d="M160 98h18q24 0 24 28t-24 28h-18" fill="none" stroke="${c.main}" stroke-width="14"/>
<path d="M62 76h102v88q0 24-24 24H86q-24 0-24-24z" fill="${c.main}"/>
<path d="M62 76h24v112q-24 0-24-24z" fill="${c.dark}" opacity=".22"/>
<path d="M62 118q16 12 34 0t34 0 34 0v46q0 24-24 24H86q-24 0-24-24z" fill="${c.accent}"/>
<ellipse cx="113" cy="76" rx="51" ry="12" fill="${c.light}"/><ellipse cx="113" cy="78" rx="42" ry="8" fill="${c.dark}"/>
<g fill="${c.dark}" opacity=".35"><circle cx="82" cy="146" r="2.4"/><circle cx="104" cy="166" r="2"/><circle cx="132" cy="142" r="2.4"/><circle cx="148" cy="160" r="2"/><circle cx="118" cy="98" r="2"/><circle cx="142" cy="92" r="2.2"/></g>
<g fill="none" stroke="${c.light}" stroke-width="5" opacity=".9"><path d="M98 58q-8-10 0-18t0-18M124 58q-8-10 0-18t0-18"/></g>`;

export const paperLamp: Drawing = (c) => `
<path d="M84 184h72M120 184v-40" stroke="${c.dark}" stroke-width="8"/>
<ellipse cx="120" cy="98" rx="90" ry="82" fill="${c.accent}" opacity=".18"/>
<path d="M120 38q58 0 58 58t-58 58-58-58 58-58z" fill="${c.light}"/>
<path d="M120 38q58 0 58 58t-58 58q34-58 0-116z" fill="${c.main}" opacity=".5"/>
<g fill="none" stroke="${c.accent}" stroke-width="2" opacity=".75"><path d="M82 52q38 10 76 0M68 70q52 12 104 0M62 90q58 12 116 0M64 110q56 12 112 0M74 130q46 10 92 0M92 146q28 6 56 0"/></g>
<path d="M104 38h32M104 154h32" stroke="${c.dark}" stroke-width="7"/>
<path d="M150 184q26 0 40-20" fill="none" stroke="${c.dark}" stroke-width="3"/>`;

export const umbrella: Drawing = (c) => `
<path d="M120 54v118q0 14 14 14t14-12" fill="none" stroke="${c.dark}" stroke-width="7"/>
<path d="M120 40Q34 48 24 124q24-14 48 0 24-14 48 0 24-14 48 0 24-14 48 0-10-76-96-84z" fill="${c.main}"/>
<path d="M120 40q-46 26-48 84 24-14 48 0 24-14 48 0-2-58-48-84z" fill="${c.accent}"/>
<path d="M120 40q-18 34 0 84 18-50 0-84z" fill="${c.light}" opacity=".6"/>
<g fill="none" stroke="${c.dark}" stroke-width="2" opacity=".45"><path d="M120 40Q74 66 72 124M120 40q46 26 48 84M120 40v84"/></g>
<g fill="${c.light}"><circle cx="52" cy="100" r="5"/><circle cx="62" cy="92" r="4"/><circle cx="59" cy="104" r="3.4"/><circle cx="184" cy="92" r="5"/><circle cx="193" cy="102" r="4"/><circle cx="180" cy="103" r="3.2"/></g>
<path d="M120 40V26" stroke="${c.dark}" stroke-width="6"/>`;

export const plant: Drawing = (c) => `
<g fill="none" stroke="${c.dark}" stroke-width="5"><path d="M120 150q-2-50-40-74M120 150q4-60 44-84M120 150q0-70 0-108M120 150q-20-24-54-24M120 150q24-26 56-22"/></g>
<g fill="${c.main}"><path d="M84 82q-44-4-46-44 40-6 50 18 6 14-4 26z"/><path d="M160 72q40 2 48-36-36-12-50 10-6 12 2 26z"/><path d="M120 60q-30-18-16-48 32 2 34 26 0 14-18 22z" opacity=".92"/></g>
<g fill="${c.accent}"><path d="M72 132q-38 12-50-18 28-18 46 0 8 8 4 18z"/><path d="M170 134q36 14 50-14-26-22-46-4-8 8-4 18z"/></g>
<g fill="none" stroke="${c.light}" stroke-width="2" opacity=".7"><path d="M44 44q22 12 38 34M202 42q-26 10-40 28M112 18q6 20 8 40M28 116q20 2 42 14M214 120q-20 2-42 12"/></g>
<path d="M80 144h80l-9 44q-1 4-6 4H95q-5 0-6-4z" fill="${c.light}"/><path d="M76 138h88v14H76z" fill="${c.light}"/><path d="M80 152h80l-1 6H81z" fill="${c.dark}" opacity=".18"/>`;

export const teapot: Drawing = (c) => `
<path d="M164 116q22-2 30-34l16 6q-10 58-48 64z" fill="${c.main}"/>
<path d="M66 104q-40-8-40 26t44 32" fill="none" stroke="${c.main}" stroke-width="12"/>
<path d="M52 126q0-44 64-44t64 44q0 58-46 60H98q-46-2-46-60z" fill="${c.main}"/>
<path d="M52 126q0-44 64-44-34 14-34 50 0 34 16 54-46-2-46-60z" fill="${c.dark}" opacity=".25"/>
<path d="M78 86q4-18 38-18t38 18q-38 12-76 0z" fill="${c.dark}"/>
<circle cx="116" cy="60" r="10" fill="${c.accent}"/>
<path d="M64 132q52 18 106 0" fill="none" stroke="${c.light}" stroke-width="3" opacity=".6"/>
<path d="M150 98q14 8 16 24" fill="none" stroke="${c.light}" stroke-width="5" opacity=".55"/>
<path d="M86 186h62" stroke="${c.dark}" stroke-width="6"/>`;

export const teaTin: Drawing = (c) => `
<path d="M70 74h100v104q0 10-50 10t-50-10z" fill="${c.main}"/>
<path d="M70 74h26v112q-26-2-26-8z" fill="${c.dark}" opacity=".3"/>
<path d="M66 54h108v26q-54 12-108 0z" fill="${c.dark}"/><ellipse cx="120" cy="54" rx="54" ry="11" fill="${c.main}"/><ellipse cx="120" cy="54" rx="40" ry="7" fill="${c.dark}" opacity=".35"/>
<path d="M88 100h64v66H88z" fill="${c.light}"/>
<path d="M120 158v-30" stroke="${c.main}" stroke-width="3"/>
<path d="M120 136q-24 0-24-24 24 0 24 24zM120 128q0-20 22-20 0 20-22 20z" fill="${c.accent}"/>
<path d="M98 161h44" stroke="${c.accent}" stroke-width="2"/>
<g fill="${c.accent}"><path d="M40 186q4-14 22-12-4 14-22 12zM178 188q14-14 28-4-12 12-28 4z"/></g>`;

export const kettle: Drawing = (c) => `
<path d="M86 66q34-50 70 0" fill="none" stroke="${c.dark}" stroke-width="11"/>
<path d="M162 132q30-6 26-52l18-6q8 76-42 92z" fill="${c.main}"/>
<path d="M66 88q2-22 54-22t54 22l6 84q0 14-14 14H74q-14 0-14-14z" fill="${c.main}"/>
<path d="M66 88q2-22 40-22-16 20-18 60l2 60H74q-14 0-14-14z" fill="${c.dark}" opacity=".28"/>
<path d="M84 70q8-14 36-14t36 14q-36 12-72 0z" fill="${c.dark}"/><circle cx="120" cy="50" r="7" fill="${c.accent}"/>
<path d="M60 164h120l1 10q0 14-15 14H74q-15 0-15-14z" fill="${c.dark}"/><circle cx="120" cy="177" r="4" fill="${c.accent}"/>
<path d="M150 92q8 24 8 52" fill="none" stroke="${c.light}" stroke-width="6" opacity=".6"/>`;

export const deskLamp: Drawing = (c) => `
<path d="M54 186h84q0-14-14-14H68q-14 0-14 14z" fill="${c.dark}"/>
<path d="M96 174l-22-66 66-42" fill="none" stroke="${c.main}" stroke-width="9"/>
<circle cx="74" cy="108" r="9" fill="${c.accent}"/><circle cx="140" cy="66" r="8" fill="${c.accent}"/>
<path d="M146 98l50 88H110z" fill="${c.accent}" opacity=".2"/>
<path d="M122 60l30-20q30 4 40 44l-62 22q-16-26-8-46z" fill="${c.main}"/><path d="M152 40q30 4 40 44l-20 7q-4-34-20-51z" fill="${c.dark}" opacity=".35"/>
<ellipse cx="161" cy="96" rx="33" ry="9" transform="rotate(-19 161 96)" fill="${c.light}"/>`;

export const chair: Drawing = (c) => `
<g stroke="${c.dark}" stroke-width="8" fill="none"><path d="M72 150l-14 38M168 150l14 38M92 154l-4 28M148 154l4 28"/></g>
<path d="M62 58q0-24 26-24h64q26 0 26 24l-6 64H68z" fill="${c.main}"/>
<path d="M88 34q-26 0-26 24l6 64h20q-8-50 0-88z" fill="${c.dark}" opacity=".22"/>
<path d="M108 36v84M132 36v84" stroke="${c.dark}" stroke-width="2" opacity=".3"/>
<path d="M44 96q-4-14 10-14 12 0 14 16l6 30h92l6-30q2-16 14-16 14 0 10 14l-12 54q-2 10-14 10H70q-12 0-14-10z" fill="${c.main}"/>
<path d="M70 118h100l-4 26q-46 12-92 0z" fill="${c.light}"/><path d="M70 118h100l-2 10q-48 10-96 0z" fill="${c.accent}" opacity=".45"/>`;
