/**
 * /docs: the reference, served from here with nothing fetched from elsewhere; /docs/errors; the
 * bare address leads here.
 */
import swagger, { type FastifyStaticSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { errorReferenceHtml } from './error-reference.ts';

/** swagger-ui styles its own elements; scripts come from files of this origin only. */
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

/** Where each `doc_url` leads: on every port, even where the reference is not. */
export function registerErrorReference(app: FastifyInstance, isAlone: boolean): void {
  setPolicy(app);
  const html = errorReferenceHtml({ isAlone });
  app.get('/docs/errors', (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
}

export async function registerDocs(app: FastifyInstance, openApi: string): Promise<void> {
  setPolicy(app);
  // Who opens the bare address in a browser wants to read.
  app.get('/', (_request, reply) => reply.redirect('/docs', 302));
  const document: NonNullable<FastifyStaticSwaggerOptions['specification']> = {
    document: JSON.parse(openApi),
  } as NonNullable<FastifyStaticSwaggerOptions['specification']>;
  await app.register(swagger, { mode: 'static', specification: document });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Its bar is another project's sign and a field that leads nowhere: there is one document.
    theme: {
      title: 'Hutong 互通 API',
      css: [{ filename: 'hutong.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
    uiConfig: { deepLinking: true, tryItOutEnabled: false, validatorUrl: null },
  });
}
