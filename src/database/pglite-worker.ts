/**
 * PGlite in a thread of its own, so that no query ever blocks HTTP. It does not know statements:
 * bytes of PostgreSQL's protocol come in, the server's answer goes out, strictly in order.
 *
 * A failure that is not an SQL error (a trap in the wasm) ends the thread; the main thread sees it
 * as a lost connection, exactly as with a server that died.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { assert } from '../kernel/assert.ts';
import { PrivateNodeFS } from './private-node-fs.ts';

/** The worker's start data. */
export interface PgliteWorkerData {
  /** undefined = in memory. */
  readonly dataDir: string | undefined;
  /** A dumped data folder to start from; only into an empty one. */
  readonly snapshot: Uint8Array | undefined;
}

export type ToWorker =
  | { readonly type: 'wire'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'dump'; readonly id: number }
  | { readonly type: 'close'; readonly id: number };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: number; readonly bytes: Uint8Array };

async function serve(): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'pglite-worker runs as a worker thread');
  const db = await open(workerData as PgliteWorkerData);
  const post = (message: FromWorker, bytes?: Uint8Array) =>
    port.postMessage(message, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
  const handle = async (message: ToWorker) => {
    const bytes = await answer(db, message);
    post({ type: 'answer', id: message.id, bytes }, bytes);
    if (message.type === 'close') port.close();
  };
  let tail: Promise<void> = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    tail = tail.then(() => handle(message));
  });
  post({ type: 'ready' });
}

function open(data: PgliteWorkerData): Promise<PGlite> {
  const { dataDir, snapshot } = data;
  return PGlite.create({
    ...(dataDir === undefined ? {} : { fs: new PrivateNodeFS(dataDir) }),
    ...(snapshot === undefined ? {} : { loadDataDir: new Blob([new Uint8Array(snapshot)]) }),
  });
}

/** Every answer owns its memory, since it is transferred and not copied. */
async function answer(db: PGlite, message: ToWorker): Promise<Uint8Array> {
  switch (message.type) {
    case 'wire':
      return new Uint8Array(await db.execProtocolRaw(message.bytes));
    case 'dump':
      return new Uint8Array(await (await db.dumpDataDir('none')).arrayBuffer());
    case 'close':
      await db.close();
      return new Uint8Array();
  }
}

await serve();
