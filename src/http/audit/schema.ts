/** Parameters of the audit log calls. */
import { Type } from 'typebox';
import { paged, text } from '../fields.ts';

export const AuditLogList = paged('audit_entry', {
  actor: Type.Optional(text(128, 'Only what this key (`key_…`) or `cli:…` did.')),
  action: Type.Optional(text(64, 'Only this kind of change.', 'api_key.created')),
  object: Type.Optional(text(128, 'Only changes of this object.')),
});
