/**
 * Names the first character of a text that a wallet does not accept: by its position and code
 * point, since an editor often does not show it.
 */
export function forbiddenCharacter(text: string, forbidden: RegExp): string | undefined {
  const characters = [...text];
  const at = characters.findIndex((character) => forbidden.test(character));
  const found = characters[at];
  if (found === undefined) return undefined;
  const number = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const isSeen = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(found);
  return `character ${at + 1}, ${isSeen ? `"${found}" ` : ''}U+${number},`;
}
