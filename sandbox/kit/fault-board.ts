/**
 * Armed faults, waiting for a matching call. Each firing uses one of its `times`; a used-up fault
 * is removed. They survive a restart, like all of the city's state.
 */
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { Random } from '../../src/runtime/random.ts';
import type { FaultName, FaultPoint, Faults, Journal, Operation } from './kit.ts';

export interface FaultOrder {
  readonly fault: FaultName;
  /** null = any. */
  readonly wallet: WalletName | null;
  readonly orderNo: string | null;
  readonly merchant: string | null;
  readonly operation: Operation | null;
  readonly times: number;
}

export interface ArmedFault extends FaultOrder {
  readonly id: string;
  readonly timesLeft: number;
}

export interface FaultBoard extends Faults {
  readonly arm: (order: FaultOrder) => ArmedFault;
  readonly list: () => ArmedFault[];
  /** Returns how many were armed. */
  readonly clear: () => number;
}

export function openFaultBoard(options: {
  readonly journal: Journal;
  readonly random: Random;
}): FaultBoard {
  const armed = options.journal.collection<ArmedFault>('faults');
  return {
    arm: (order) => {
      const id = `flt_${options.random.bytes(10).toString('hex')}`;
      const fault: ArmedFault = { ...order, id, timesLeft: order.times };
      armed.put(id, fault);
      return fault;
    },
    list: () => [...armed.values()],
    clear: () => {
      const all = [...armed.values()];
      for (const fault of all) armed.delete(fault.id);
      return all.length;
    },
    take: (point, kinds) => {
      if (armed.size() === 0) return undefined;
      for (const fault of armed.values()) {
        if (!kinds.includes(fault.fault) || !fits(fault, point)) continue;
        if (fault.timesLeft <= 1) armed.delete(fault.id);
        else armed.put(fault.id, { ...fault, timesLeft: fault.timesLeft - 1 });
        return fault.fault;
      }
      return undefined;
    },
  };
}

function fits(fault: ArmedFault, point: FaultPoint): boolean {
  return (
    (fault.wallet === null || fault.wallet === point.wallet) &&
    (fault.operation === null || fault.operation === point.operation) &&
    (fault.orderNo === null || [point.orderNo].flat().includes(fault.orderNo)) &&
    (fault.merchant === null || [point.merchant].flat().includes(fault.merchant))
  );
}
