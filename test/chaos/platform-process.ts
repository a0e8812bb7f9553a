/** A platform of the stage: started, killed, frozen, and started again as a supervisor does. */
import type { ChildProcess } from 'node:child_process';
import { builtCommand } from '../../tools/built-command.ts';
import { end, start, untilAnswers } from '../helpers/processes.ts';

export interface PlatformProcess {
  readonly port: number;
  /** Its process, while it runs. */
  readonly process: () => ChildProcess;
  /** Resolves when the killed or ended platform answers /readyz again. */
  readonly revive: () => Promise<void>;
  /** How it exited where it was not killed. */
  readonly ownEnds: () => readonly string[];
  readonly stop: () => Promise<void>;
}

export async function startPlatform(options: {
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}): Promise<PlatformProcess> {
  const { port, logFile } = options;
  const env = { ...options.env, HUTONG_PORT: String(port) };
  const ownEnds: string[] = [];
  let current: ChildProcess | undefined;
  let isStopping = false;
  const revive = async (): Promise<void> => {
    for (;;) {
      const born = start([builtCommand(), 'serve'], env, logFile);
      current = born;
      born.once('exit', (code, signal) => {
        if (signal !== 'SIGKILL' && !isStopping) ownEnds.push(String(signal ?? code));
      });
      const isReady = await untilAnswers(`http://127.0.0.1:${port}/readyz`, born).then(
        () => true,
        () => false,
      );
      if (isReady) return;
      // A platform that starts while its database is away ends: started again, as systemd does.
      await end(born, 'SIGKILL');
    }
  };
  await revive();
  return {
    port,
    revive,
    process: () => current as ChildProcess,
    ownEnds: () => ownEnds,
    stop: async () => {
      isStopping = true;
      // What is frozen hears no SIGTERM.
      current?.kill('SIGCONT');
      if (current !== undefined) await end(current, 'SIGTERM');
    },
  };
}
