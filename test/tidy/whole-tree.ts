/** Rules that no single file can break: equal names in every wallet, no import cycles. */
import { importsOf, type SourceFile } from './tree.ts';

/** What every wallet has, `{wallet}` being its name. */
export const WALLET_FILES = [
  ...['README.md', 'capabilities.ts', 'config.ts', 'client.ts', 'request.ts', 'answer.ts']
    .concat('statuses.ts', 'notify.ts', 'adapter.ts')
    .map((name) => `src/wallets/{wallet}/${name}`),
  ...['credentials.ts', 'canonical.ts', 'signature.ts', 'message.ts', 'trade.ts'].map(
    (name) => `src/wires/{wallet}/${name}`,
  ),
  ...['account', 'answers', 'callbacks', 'cashier-page', 'context', 'endpoint', 'explain']
    .concat('field-rules', 'gateway', 'identity', 'order-store', 'orders', 'payment-codes')
    .concat('phone', 'present', 'records', 'refunds')
    .map((name) => `sandbox/gateways/{wallet}/${name}.ts`),
];

/** The same names in every wallet's folders, so that who knows one knows all. */
export function walletComplaints(files: readonly string[]): string[] {
  const wallets = new Set(
    files.flatMap((file) => /^src\/wallets\/([^/]+)\//.exec(file)?.[1] ?? []),
  );
  return [...wallets].flatMap((wallet) =>
    WALLET_FILES.map((name) => name.replace('{wallet}', wallet)).filter(
      (wanted) => !files.includes(wanted),
    ),
  );
}

/** Value imports that lead back to where they started, each cycle once. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(withoutTypeImports(file))]));
  const cycles = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at !== -1) {
      const loop = trail.slice(at);
      const first = loop.indexOf([...loop].sort()[0] ?? '');
      cycles.add([...loop.slice(first), ...loop.slice(0, first)].join(' -> '));
    }
    if (at !== -1 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) walk(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return [...cycles];
}

function withoutTypeImports(file: SourceFile): SourceFile {
  return { ...file, text: file.text.replace(/^(?:import|export) type [^;]*;/gm, '') };
}
