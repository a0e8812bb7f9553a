/** /healthz, /readyz, /metrics, /openapi.json: for operators and their tools, without a key. */
import type { FastifyInstance } from 'fastify';
import type { ServerDeps } from './deps.ts';
import { JSON_TYPE, sendError } from './errors.ts';

const UNLIMITED = { config: { rateLimit: false as const } };

/** For load balancers: on every port. */
export function registerHealth(app: FastifyInstance, deps: ServerDeps, docsUrl: string): void {
  app.get('/healthz', UNLIMITED, (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send('{"status":"ok"}'),
  );
  app.get('/readyz', UNLIMITED, async (request, reply) => {
    const ready = await deps.useCases.readiness();
    if (!ready.ok) return sendError(request, reply, ready.error, docsUrl);
    const { clock } = ready.value;
    const body = { status: 'ready', ...(clock === 'skewed' ? { clock } : {}) };
    return reply.header('content-type', JSON_TYPE).send(JSON.stringify(body));
  });
}

/** For whoever runs the platform, or builds on it. */
export function registerFigures(app: FastifyInstance, deps: ServerDeps, openApi: string): void {
  app.get('/metrics', UNLIMITED, async (_request, reply) =>
    reply.header('content-type', deps.metrics.contentType).send(await deps.metrics.render()),
  );
  app.get('/openapi.json', UNLIMITED, (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send(openApi),
  );
}
