/** A name server over UDP: answers A for the names it knows, NXDOMAIN for others, or never. */
import dgram from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface NameServer {
  /** As HUTONG_DNS takes it. */
  readonly address: string;
  /** Names that were asked for, in order; A and AAAA apart. */
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

/** `silent`: names that get no answer at all; null = none does. */
export async function openNameServer(options: {
  readonly names: Readonly<Record<string, string>>;
  readonly silent: RegExp | null;
}): Promise<NameServer> {
  const socket = dgram.createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, end } = questionOf(query);
    asked.push(name);
    if (options.silent?.test(name) === true) return;
    socket.send(answerTo(query, end, options.names[name]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  while ((query[at] ?? 0) > 0) {
    const length = query[at] ?? 0;
    labels.push(query.subarray(at + 1, at + 1 + length).toString('latin1'));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

function answerTo(query: Buffer, end: number, ip: string | undefined): Buffer {
  const isA = query.readUInt16BE(end - 4) === 1;
  const answers = ip !== undefined && isA ? [ip] : [];
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(ip === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  const rows = answers.map((text) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...text.split('.').map(Number)]),
  );
  return Buffer.concat([head, query.subarray(12, end), ...rows]);
}
