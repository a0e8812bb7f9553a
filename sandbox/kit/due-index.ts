/**
 * An index of due times: a binary heap of (time, key). An outdated time stays in it and is dropped
 * when it comes up; nothing is searched for or removed from the middle.
 */
interface Due {
  readonly dueMs: number;
  readonly key: string;
}

export interface DueIndex<T> {
  readonly watch: (due: Due) => void;
  /** null = nothing is due. */
  readonly nextDueMs: () => number | null;
  /** The next entry, if its time has come; it is removed. */
  readonly takeDue: (nowMs: number) => T | undefined;
}

/** `owed` returns a key's work at exactly that time; undefined = the entry is outdated. */
export function openDueIndex<T>(owed: (due: Due) => T | undefined): DueIndex<T> {
  const heap = createDueHeap();
  function peek(): { readonly dueMs: number; readonly item: T } | undefined {
    for (let due = heap.peek(); due !== undefined; due = heap.peek()) {
      const item = owed(due);
      if (item !== undefined) return { dueMs: due.dueMs, item };
      heap.pop();
    }
    return undefined;
  }
  return {
    watch: heap.push,
    nextDueMs: () => peek()?.dueMs ?? null,
    takeDue: (nowMs) => {
      const next = peek();
      if (next === undefined || next.dueMs > nowMs) return undefined;
      heap.pop();
      return next.item;
    },
  };
}

interface DueHeap {
  readonly push: (due: Due) => void;
  readonly peek: () => Due | undefined;
  readonly pop: () => Due | undefined;
}

function createDueHeap(): DueHeap {
  const heap: Due[] = [];
  return {
    push: (due) => {
      heap.push(due);
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

function at(heap: readonly Due[], index: number): number {
  return heap[index]?.dueMs ?? Number.POSITIVE_INFINITY;
}

function swap(heap: Due[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  if (first === undefined || second === undefined) return;
  heap[a] = second;
  heap[b] = first;
}

function rise(heap: Due[], start: number): void {
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (at(heap, parent) <= at(heap, index)) return;
    swap(heap, parent, index);
    index = parent;
  }
}

function sink(heap: Due[]): void {
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const child = at(heap, left + 1) < at(heap, left) ? left + 1 : left;
    if (at(heap, index) <= at(heap, child)) return;
    swap(heap, index, child);
    index = child;
  }
}
