import { runSandbox } from '/work/main/src/cli/sandbox.ts';
const dir = process.argv[2]!;
const running = await runSandbox({ dir, port: Number(process.argv[3] ?? 4177), host: '127.0.0.1', allowLocalCallbacks: true, writeDemoPapers: true });
for (const s of ['SIGTERM','SIGINT'] as const) process.on(s, () => void running.stop().then(() => process.exit(0)));
