import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, jsonScript } from '../../src/cashier/html.ts';

describe('html', () => {
  it('escapes what it is given, and only once', () => {
    const inner = html`<b>${'a & "b" <c> \'d\''}</b>`;
    expect(html`<p title="${'"x" onload="y'}">${inner}</p>`.text).toBe(
      '<p title="&quot;x&quot; onload=&quot;y"><b>a &amp; &quot;b&quot; &lt;c&gt; &#39;d&#39;</b></p>',
    );
  });

  it('joins lists and leaves out nothing-values', () => {
    expect(html`${['a', html`<i>b</i>`, null, undefined, false, 3, 4n]}`.text).toBe('a<i>b</i>34');
  });

  it('lets no text open a tag or end an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('keeps a data block inside its script and returns the same value', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const value: unknown = JSON.parse(json);
        const { text } = jsonScript('next-action', { value, end: '</script><script>' });
        const inner = text.slice(text.indexOf('>') + 1, text.lastIndexOf('</script>'));
        expect(inner).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(inner)).toEqual({ value, end: '</script><script>' });
      }),
    );
  });
});
