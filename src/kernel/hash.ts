/** A small stable number of a text, for spreading and rotating; never for anything secret. */
import { hash } from 'node:crypto';

export function hashOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0);
}
