/**
 * /notify/{wallet}/{config}/{kind}: the wallets' callbacks. One generic route: bytes, target and
 * headers are passed on exactly as received, because the signature covers them; any content type is
 * accepted; and the answer is the wallet's own format, byte for byte. The only wallet-specific data
 * is the size limit of each wallet's callbacks.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { hutongError } from '../../kernel/errors.ts';
import { parseId } from '../../kernel/id.ts';
import { WALLET_NAMES, type WalletName } from '../../kernel/wallet-names.ts';
import { WALLETS } from '../../wallets/registry.ts';
import type { RawRequest } from '../../wallets/wallet.ts';
import { addressKey } from '../address.ts';
import { apiError } from '../api-error.ts';
import type { ServerDeps } from '../deps.ts';
import { sendError } from '../errors.ts';

const NO_BODY = Buffer.alloc(0);
const NAMES: ReadonlyMap<string, WalletName> = new Map(WALLET_NAMES.map((name) => [name, name]));
/**
 * A neutral type for the parsers: fastify refuses malformed Content-Types, which wallets may send.
 */
const BYTES_TYPE = 'application/octet-stream';
const KIND = /^[a-z_]{1,32}$/;
const NOTIFICATION_BYTES_MAX = Math.max(
  ...[...WALLETS.values()].map((module) => module.notificationBytesMax),
);

interface NotifyParams {
  Params: { wallet: string; config: string; kind: string };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The Content-Type of a callback as received, however malformed. */
    callbackType: string | undefined;
  }
}

export function registerNotify(app: FastifyInstance, deps: ServerDeps, docsUrl: string): void {
  app.removeAllContentTypeParsers();
  const longest = { parseAs: 'buffer', bodyLimit: NOTIFICATION_BYTES_MAX } as const;
  app.addContentTypeParser('*', longest, (_request, bytes, done) => done(null, bytes));
  app.decorateRequest('callbackType');
  app.addHook('onRequest', async (request) => {
    request.callbackType = request.raw.headers['content-type'];
    if (request.callbackType !== undefined) request.raw.headers['content-type'] = BYTES_TYPE;
    refuseLong(request);
  });
  app.post<NotifyParams>('/notify/:wallet/:config/:kind', {
    // Genuine callbacks are never rate-limited; others have a budget of their own, in the flow.
    config: { rateLimit: false },
    handler: async (request, reply) => {
      const wallet = NAMES.get(request.params.wallet);
      const config = parseId('wallet_config', request.params.config);
      const { kind } = request.params;
      if (wallet === undefined || config === undefined || !KIND.test(kind)) {
        return sendError(request, reply, hutongError('not_found', 'no such address'), docsUrl);
      }
      const from = addressKey(request.ip);
      const message = raw(request);
      const answer = await deps.useCases.acceptNotification({
        wallet,
        config,
        request: message,
        from,
      });
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    },
  });
}

/** Checked before the body is read, if the message states its length. */
function refuseLong(request: FastifyRequest): void {
  const { wallet } = request.params as NotifyParams['Params'];
  const name = NAMES.get(wallet);
  const module = name === undefined ? undefined : WALLETS.get(name);
  if (module === undefined) return;
  if (Number(request.headers['content-length'] ?? 0) > module.notificationBytesMax) {
    throw apiError('body_too_large', 'no callback of this wallet is so long');
  }
}

function raw(request: FastifyRequest): RawRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  if (request.callbackType !== undefined) headers['content-type'] = request.callbackType;
  return {
    method: request.method,
    target: request.raw.url ?? request.url,
    headers,
    body: Buffer.isBuffer(request.body) ? request.body : NO_BODY,
  };
}
