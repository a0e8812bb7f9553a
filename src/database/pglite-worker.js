/**
 * The door of the worker thread: Node 20 cannot open a .ts file as a worker by itself, so this
 * plain file registers tsx and then loads the real one.
 */
import { register } from 'tsx/esm/api';

register();
await import('./pglite-worker.ts');
