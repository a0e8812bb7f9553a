/**
 * An index of due work: a binary heap by time. Outdated work stays in it and is dropped when it
 * comes up; nothing is searched for or removed from the middle.
 */
interface DueWork {
  readonly dueMs: number;
  /** The work at exactly that time; undefined = the entry is outdated. */
  readonly owed: () => (() => void) | undefined;
}

export interface DueIndex {
  readonly watch: (work: DueWork) => void;
  /** null = nothing is due. */
  readonly nextDueMs: () => number | null;
  /** Does what is due by now, in the order of its due times. */
  readonly run: (nowMs: number) => void;
}

export function openDueIndex(): DueIndex {
  const heap = createDueHeap();
  function next(): { readonly dueMs: number; readonly run: () => void } | undefined {
    for (let work = heap.peek(); work !== undefined; work = heap.peek()) {
      const run = work.owed();
      if (run !== undefined) return { dueMs: work.dueMs, run };
      heap.pop();
    }
    return undefined;
  }
  return {
    watch: heap.push,
    nextDueMs: () => next()?.dueMs ?? null,
    run: (nowMs) => {
      for (let due = next(); due !== undefined && due.dueMs <= nowMs; due = next()) {
        heap.pop();
        due.run();
      }
    },
  };
}

interface DueHeap {
  readonly push: (work: DueWork) => void;
  readonly peek: () => DueWork | undefined;
  readonly pop: () => DueWork | undefined;
}

function createDueHeap(): DueHeap {
  const heap: DueWork[] = [];
  return {
    push: (work) => {
      heap.push(work);
      rise(heap, heap.length - 1);
    },
    peek: () => heap[0],
    pop: () => {
      const first = heap[0];
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) {
        heap[0] = last;
        sink(heap);
      }
      return first;
    },
  };
}

function at(heap: readonly DueWork[], index: number): number {
  return heap[index]?.dueMs ?? Number.POSITIVE_INFINITY;
}

function swap(heap: DueWork[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  if (first === undefined || second === undefined) return;
  heap[a] = second;
  heap[b] = first;
}

function rise(heap: DueWork[], start: number): void {
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (at(heap, parent) <= at(heap, index)) return;
    swap(heap, parent, index);
    index = parent;
  }
}

function sink(heap: DueWork[]): void {
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const child = at(heap, left + 1) < at(heap, left) ? left + 1 : left;
    if (at(heap, index) <= at(heap, child)) return;
    swap(heap, index, child);
    index = child;
  }
}
