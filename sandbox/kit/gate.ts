/**
 * The faults that a call may suffer, in a real gateway's order: before it is processed (front
 * proxy, limits), and afterwards (the answer is lost or broken, its signature a probe). Each wallet
 * supplies its own answers for them.
 */
import type { FaultName, Handled, Operation, WireResponse } from './kit.ts';

export const LOST: Handled = { lost: true };

/** The answer of a proxy whose gateway is unreachable. */
export const PROXY_502: WireResponse = {
  status: 502,
  headers: { server: 'nginx', 'content-type': 'text/html' },
  body: '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n',
};

const EARLY: readonly FaultName[] = ['html_502', 'rate_limited'];
const LATE: readonly FaultName[] = ['answer_lost', 'server_error', 'signtest'];

type Answered = Handled | Promise<Handled>;

interface GatedCall<A> {
  readonly operation: Operation;
  /** Takes one firing of a fault that matches this call. */
  readonly take: (kinds: readonly FaultName[]) => FaultName | undefined;
  readonly limited: () => Answered;
  /** One synchronous step from reading to changing records. */
  readonly run: () => A | Promise<A>;
  /** The faults that this answer may still suffer; left out: lost, broken, a probe. */
  readonly late?: (answer: A) => readonly FaultName[];
  /** After the operation was accepted: the client must query the same numbers. */
  readonly broken: () => Answered;
  readonly seal: (answer: A, fault: FaultName | undefined) => Answered;
}

export async function gated<A>(call: GatedCall<A>): Promise<Handled> {
  const early = call.take(call.operation === 'close' ? ['close_lost', ...EARLY] : EARLY);
  if (early === 'close_lost') return LOST;
  if (early === 'html_502') return PROXY_502;
  if (early === 'rate_limited') return call.limited();
  const answer = await call.run();
  const late = call.take(call.late?.(answer) ?? LATE);
  if (late === 'answer_lost') return LOST;
  if (late === 'server_error') return call.broken();
  return call.seal(answer, late);
}
