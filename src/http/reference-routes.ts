/**
 * /docs: the API reference, served from here without external resources; /docs/errors; the root
 * path redirects here.
 */
import swagger, { type FastifyStaticSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { errorReferenceHtml } from './error-reference.ts';

/** swagger-ui sets inline styles on its elements; scripts come from files of this origin only. */
const POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function setPolicy(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', POLICY);
    done();
  });
}

/** The target of every `doc_url`: served on every port, even without the reference. */
export function registerErrorReference(app: FastifyInstance, isAlone: boolean): void {
  setPolicy(app);
  const html = errorReferenceHtml({ isAlone });
  app.get('/docs/errors', (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
}

export async function registerDocs(app: FastifyInstance, openApi: string): Promise<void> {
  setPolicy(app);
  // A browser that opens the root path gets the reference.
  app.get('/', (_request, reply) => reply.redirect('/docs', 302));
  const document: NonNullable<FastifyStaticSwaggerOptions['specification']> = {
    document: JSON.parse(openApi),
  } as NonNullable<FastifyStaticSwaggerOptions['specification']>;
  await app.register(swagger, { mode: 'static', specification: document });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Its top bar has another project's logo and a useless field: there is one document.
    theme: {
      title: 'Hutong 互通 API',
      css: [{ filename: 'hutong.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
    uiConfig: { deepLinking: true, tryItOutEnabled: false, validatorUrl: null },
  });
}
