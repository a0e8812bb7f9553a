/** A child process of the demo: started, awaited, stopped by its own pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export interface Child {
  readonly name: string;
  readonly stop: () => Promise<void>;
  readonly process: ChildProcess;
}

/** The environment that every program needs. Settings are passed by name, secrets never. */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|NO_COLOR|FORCE_COLOR|COLORTERM|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LD_LIBRARY_PATH|SYSTEMROOT|APPDATA|USERPROFILE)$/i;

function inherited(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => INHERITED.test(name)));
}

/** Starts a script of this checkout; resolves when it prints a line with `readyText`. */
export function startChild(options: {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly readyText: string;
  readonly timeoutMs: number;
}): Promise<Child> {
  const child = spawn(process.execPath, options.args, {
    cwd: ROOT,
    env: { ...inherited(process.env), ...options.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${options.name} did not start within ${options.timeoutMs / 1000} s`));
    }, options.timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === options.readyText) return;
      said += text;
      if (!said.includes(options.readyText)) return;
      said = options.readyText;
      clearTimeout(timer);
      resolve({ name: options.name, process: child, stop: () => stopChild(child) });
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(
        new Error(`${options.name} ended with code ${code}${said === '' ? '' : `:\n${said}`}`),
      );
    });
  });
}

const STOP_PATIENCE_MS = 10_000;

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
