/**
 * A drawing as a PDF of one page. Chinese is set in STSong-Light, a standard font that readers
 * supply themselves, so nothing is embedded or fetched; Latin in Helvetica. The same drawing at the
 * same time gives the same bytes.
 */
import {
  beginText,
  endText,
  fill,
  LineCapStyle,
  moveText,
  PDFDocument,
  type PDFFont,
  PDFHexString,
  PDFName,
  type PDFPage,
  type PDFRef,
  PDFString,
  popGraphicsState,
  pushGraphicsState,
  rectangle,
  rgb,
  StandardFonts,
  setFillingRgbColor,
  setFontAndSize,
  setLineWidth,
  setStrokingRgbColor,
  setTextRenderingMode,
  showText,
  TextRenderingMode,
} from 'pdf-lib';
import type { CodeMark, Drawing, PathMark, TextMark } from './drawing.ts';

const POINTS_PER_MM = 72 / 25.4;
const HAN_FONT = 'HutongHan';
/** Characters drawn in Helvetica; all others are set in the Chinese font, at full width each. */
const LATIN = /[\u0020-\u007e·]/;

export async function drawingPdf(drawing: Drawing, nowMs: number): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setTitle(drawing.title);
  document.setProducer('Hutong');
  document.setCreator('Hutong');
  document.setCreationDate(new Date(nowMs));
  document.setModificationDate(new Date(nowMs));
  const page = document.addPage([points(drawing.width), points(drawing.height)]);
  page.node.setFontDictionary(PDFName.of(HAN_FONT), hanFont(document));
  const fonts = {
    plain: await document.embedFont(StandardFonts.Helvetica),
    bold: await document.embedFont(StandardFonts.HelveticaBold),
  };
  page.node.setFontDictionary(PDFName.of('HutongLatin'), fonts.plain.ref);
  page.node.setFontDictionary(PDFName.of('HutongLatinBold'), fonts.bold.ref);
  for (const mark of drawing.marks) {
    if (mark.kind === 'path') drawPath(page, mark);
    else if (mark.kind === 'code') drawCode(page, mark);
    else drawText(page, mark, mark.isBold ? fonts.bold : fonts.plain);
  }
  return document.save();
}

const points = (mm: number): number => mm * POINTS_PER_MM;

/** The standard Simplified Chinese font by name and character collection, without its glyphs. */
function hanFont(document: PDFDocument): PDFRef {
  const { context } = document;
  const name = PDFName.of('STSong-Light');
  const descriptor = context.register(
    context.obj({
      Type: 'FontDescriptor',
      FontName: name,
      Flags: 6,
      FontBBox: [-25, -254, 1000, 880],
      ItalicAngle: 0,
      Ascent: 880,
      Descent: -120,
      CapHeight: 880,
      StemV: 93,
    }),
  );
  const descendant = context.register(
    context.obj({
      Type: 'Font',
      Subtype: 'CIDFontType0',
      BaseFont: name,
      CIDSystemInfo: {
        Registry: PDFString.of('Adobe'),
        Ordering: PDFString.of('GB1'),
        Supplement: 2,
      },
      DW: 1000,
      FontDescriptor: descriptor,
    }),
  );
  return context.register(
    context.obj({
      Type: 'Font',
      Subtype: 'Type0',
      BaseFont: name,
      Encoding: 'UniGB-UCS2-H',
      DescendantFonts: [descendant],
    }),
  );
}

function drawPath(page: PDFPage, mark: PathMark): void {
  const { path, x, y, scale, stroke } = mark;
  page.drawSvgPath(path, {
    x: points(x),
    y: page.getHeight() - points(y),
    scale: points(scale),
    ...(mark.fill === undefined ? {} : { color: colour(mark.fill) }),
    ...(stroke === undefined
      ? {}
      : {
          borderColor: colour(stroke.colour),
          borderWidth: stroke.width,
          borderLineCap: LineCapStyle.Round,
        }),
  });
}

/** Each run separately: some readers draw a path of many touching rectangles wrongly. */
function drawCode(page: PDFPage, { qr, x, y, side }: CodeMark): void {
  const unit = points(side) / qr.side;
  const left = points(x);
  const top = page.getHeight() - points(y);
  page.pushOperators(
    pushGraphicsState(),
    setFillingRgbColor(0, 0, 0),
    ...qr.runs.flatMap((run) => [
      rectangle(left + run.x * unit, top - (run.y + 1) * unit, run.width * unit, unit),
      fill(),
    ]),
    popGraphicsState(),
  );
}

function colour(hex: string): ReturnType<typeof rgb> {
  const [red, green, blue] = channels(hex);
  return rgb(red, green, blue);
}

function channels(hex: string): [number, number, number] {
  const part = (start: number): number => Number.parseInt(hex.slice(start, start + 2), 16) / 255;
  return [part(1), part(3), part(5)];
}

interface Run {
  readonly text: string;
  readonly isLatin: boolean;
}

function drawText(page: PDFPage, mark: TextMark, latin: PDFFont): void {
  const size = points(mark.size);
  const parts = runsOf(mark.text).map((run) => ({ ...run, width: widthOf(run, latin, size) }));
  const whole = parts.reduce((sum, { width }) => sum + width, 0);
  let x = points(mark.x) - whole / 2;
  const y = page.getHeight() - points(mark.y);
  const [red, green, blue] = channels(mark.colour);
  for (const { text, isLatin, width } of parts) {
    // The Chinese font has one weight: bold text is drawn with its outline.
    const isOutlined = mark.isBold && !isLatin;
    const font = isLatin ? (mark.isBold ? 'HutongLatinBold' : 'HutongLatin') : HAN_FONT;
    page.pushOperators(
      beginText(),
      setFillingRgbColor(red, green, blue),
      setStrokingRgbColor(red, green, blue),
      setLineWidth(size * 0.03),
      setTextRenderingMode(isOutlined ? TextRenderingMode.FillAndOutline : TextRenderingMode.Fill),
      setFontAndSize(font, size),
      moveText(x, y),
      showText(isLatin ? latin.encodeText(text) : ucs2(text)),
      endText(),
    );
    x += width;
  }
}

function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  for (const char of text) {
    const isLatin = LATIN.test(char);
    const last = runs.at(-1);
    if (last?.isLatin === isLatin) runs[runs.length - 1] = { text: last.text + char, isLatin };
    else runs.push({ text: char, isLatin });
  }
  return runs;
}

function widthOf({ text, isLatin }: Run, latin: PDFFont, size: number): number {
  return isLatin ? latin.widthOfTextAtSize(text, size) : Array.from(text).length * size;
}

/** UCS-2 has no characters beyond 16 bits: they are shown as an empty square. */
function ucs2(text: string): PDFHexString {
  const units = Array.from(text, (char) => (char.length > 1 ? '□' : char));
  const hex = units.map((char) => char.charCodeAt(0).toString(16).padStart(4, '0')).join('');
  return PDFHexString.of(hex);
}
