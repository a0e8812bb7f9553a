/** `hutong.auditLog`: who changed what, newest first; read-only. */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport } from '../transport.ts';
import type { AuditEntry, AuditLogListParams } from '../types.ts';

export function auditLog({ pages }: Transport) {
  return {
    list: (query: AuditLogListParams = {}, options?: CallOptions): PageList<AuditEntry> =>
      pages('GET /v1/audit_log', { query }, options),
  };
}

export type AuditLog = ReturnType<typeof auditLog>;
