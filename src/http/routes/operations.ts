/** /healthz, /readyz, /metrics, /openapi.json: for operators and their tools, without a key. */
import type { FastifyInstance } from 'fastify';
import type { ServerDeps } from '../deps.ts';
import { JSON_TYPE, sendError } from '../errors.ts';

export function registerOperations(
  app: FastifyInstance,
  deps: ServerDeps,
  more: { readonly docsUrl: string; readonly openApi: string },
): void {
  const unlimited = { config: { rateLimit: false as const } };
  app.get('/healthz', unlimited, (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send('{"status":"ok"}'),
  );
  app.get('/readyz', unlimited, async (request, reply) => {
    const ready = await deps.useCases.readiness();
    if (!ready.ok) return sendError(request, reply, ready.error, more.docsUrl);
    const { clock } = ready.value;
    const body = { status: 'ready', ...(clock === 'skewed' ? { clock } : {}) };
    return reply.header('content-type', JSON_TYPE).send(JSON.stringify(body));
  });
  app.get('/metrics', unlimited, async (_request, reply) =>
    reply.header('content-type', deps.metrics.contentType).send(await deps.metrics.render()),
  );
  app.get('/openapi.json', unlimited, (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send(more.openApi),
  );
}
