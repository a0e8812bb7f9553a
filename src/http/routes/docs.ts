/**
 * /docs: the reference, served from here with nothing fetched from elsewhere; /docs/errors; the
 * bare address leads here.
 */
import helmet from '@fastify/helmet';
import swagger, { type FastifyStaticSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { errorReferenceHtml } from '../error-reference.ts';

export async function registerDocs(app: FastifyInstance, openApi: string): Promise<void> {
  // swagger-ui styles its own elements; scripts come from files of this origin only.
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
  });
  // Who opens the bare address in a browser wants to read.
  app.get('/', (_request, reply) => reply.redirect('/docs', 302));
  const html = errorReferenceHtml();
  app.get('/docs/errors', (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
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
