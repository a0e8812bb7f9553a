/**
 * Authentication. A marketplace's secret key comes as `Authorization: Bearer sk_…`; a buyer's
 * client_secret only in its own header and only for the one intent that it belongs to. Neither is
 * accepted in a URL, where it would be logged.
 */

import type { FastifyRequest } from 'fastify';
import type { Outcome } from '../flows/base/outcome.ts';
import type { Principal } from '../flows/key/authenticate.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Scope } from '../kernel/scopes.ts';
import type { ServerDeps } from './deps.ts';

const CLIENT_SECRET_HEADER = 'hutong-client-secret';
const VERSION_HEADER = 'hutong-version';
/** Newest last. A key is pinned to the version that was current when it was created. */
export const VERSIONS: readonly string[] = ['2026-12-01'];

const BEARER = /^Bearer +([\x21-\x7e]{1,255})$/i;

export async function authenticate(
  deps: ServerDeps,
  request: FastifyRequest,
  isSuspect: () => boolean,
): Outcome<Principal> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    return err(hutongError('api_key_missing', 'send Authorization: Bearer and your secret key'));
  }
  const key = BEARER.exec(authorization)?.[1];
  if (key === undefined) {
    return err(hutongError('api_key_invalid', 'Authorization must be Bearer and a secret key'));
  }
  return deps.useCases.authenticate(key, { address: request.ip, isSuspect });
}

/** Is this key allowed to do that, and which version's shapes does it get? */
export function permit(
  request: FastifyRequest,
  principal: Principal,
  scope: Scope,
): Result<Principal, HutongError> {
  if (!principal.scopes.includes('*') && !principal.scopes.includes(scope)) {
    return err(hutongError('scope_missing', `this key lacks the scope ${scope}`));
  }
  return versioned(request, principal);
}

function versioned(request: FastifyRequest, principal: Principal): Result<Principal, HutongError> {
  const asked = request.headers[VERSION_HEADER];
  if (asked === undefined || asked === principal.version) return ok(principal);
  if (typeof asked !== 'string' || !VERSIONS.includes(asked)) {
    return err(
      hutongError('version_unknown', `the versions are ${VERSIONS.join(', ')}`, {
        param: 'Hutong-Version',
      }),
    );
  }
  return ok({ ...principal, version: asked });
}

/** The client_secret that was sent instead of a key, if any. */
export function clientSecretOf(request: FastifyRequest): string | undefined {
  if (request.headers.authorization !== undefined) return undefined;
  const secret = request.headers[CLIENT_SECRET_HEADER];
  return typeof secret === 'string' && secret.length <= 255 ? secret : undefined;
}
