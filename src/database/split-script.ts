/** What a statement's end may stand in without ending it. */
const QUOTED = [
  /[eE]'(?:[^'\\]|\\.|'')*'/,
  /'(?:[^']|'')*'/,
  /"(?:[^"]|"")*"/,
  /(\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$)[\s\S]*?\1/,
  /--[^\n]*/,
  /\/\*[\s\S]*?\*\//,
];
const PARTS = new RegExp(`${QUOTED.map(({ source }) => source).join('|')}|;`, 'g');
const NOTHING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/;

/** The statements of a script, without those that are empty. Function bodies are quoted by `$$`. */
export function splitScript(text: string): string[] {
  const statements: string[] = [];
  let from = 0;
  for (const { 0: part, index } of text.matchAll(PARTS)) {
    if (part !== ';') continue;
    statements.push(text.slice(from, index));
    from = index + 1;
  }
  statements.push(text.slice(from));
  return statements.filter((statement) => !NOTHING.test(statement));
}
