/** /v1/audit_log: who changed what of this marketplace; read-only. */
import type { AuditRow } from '../../core/audit/audit.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import { pageAnswerOf } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { AuditLogList } from './schema.ts';
import { AuditLogListShape, type ShownAuditEntry } from './shape.ts';

const list = defineRoute({
  method: 'GET',
  path: '/v1/audit_log',
  operationId: 'listAuditLog',
  tag: 'Audit log',
  summary: 'Who changed what, newest first',
  description:
    'One row for each change of keys, wallet configurations, accounts, webhook endpoints, secrets and interconnections, each buyer erasure that was asked for, and each conflict that a person ended, by API or command line. Rows are only added. Within five seconds each is sealed: `sha256` covers the row and the hash of the row before it, so that a later edit shows (`hutong audit verify`).',
  scope: 'audit_log:read',
  query: AuditLogList,
  answers: { 200: AuditLogListShape },
  handle: async ({ useCases }, { query, principal: { marketplace } }) => {
    const { actor = null, action = null, object = null } = query;
    const filter = { actor, action, object };
    return pageAnswerOf(query, presentEntry, (page) =>
      useCases.listAuditLog(marketplace, filter, page),
    );
  },
});

function presentEntry(row: AuditRow): ShownAuditEntry {
  return {
    id: row.id,
    at: rfc3339(row.atMs),
    actor: row.actor,
    action: row.action,
    object: row.object,
    before: row.before,
    after: row.after,
    sequence: row.sequence,
    previous_sha256: row.previousSha256,
    sha256: row.sha256,
  };
}

export const AUDIT_LOG_ROUTES: readonly AnyRoute[] = [list];
