/**
 * The faults that a call may suffer, in the order in which a real gateway suffers them: before it
 * was looked at (its front proxy, its limits), and after it was done (the answer is lost or broken,
 * its signature a probe). What the wallet says in each case is the wallet's own.
 */
import type { FaultName, Handled, Operation, WireResponse } from './kit.ts';

export const LOST: Handled = { lost: true };

/** What a proxy in front of the gateway says when nobody is behind it. */
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
  /** Takes one firing of a fault that means this call. */
  readonly take: (kinds: readonly FaultName[]) => FaultName | undefined;
  readonly limited: () => Answered;
  /** One synchronous stretch from its look to its change. */
  readonly run: () => A | Promise<A>;
  /** What may still happen to this answer; left out: lost, broken, a probe. */
  readonly late?: (answer: A) => readonly FaultName[];
  /** After the operation was accepted: the same numbers must be asked again. */
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
