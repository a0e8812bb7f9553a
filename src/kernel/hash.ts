/** A small stable number of a text, for spreading and rotating; never for anything secret. */
import { createHash } from 'node:crypto';

export function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
