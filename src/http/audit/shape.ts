/** The audit log objects that the API shows. */
import { type Static, Type } from 'typebox';
import { anything, idField, orNull, page, shape, time } from '../../core/shape.ts';

const AuditEntryShape = shape('audit_entry', {
  id: idField('audit_entry', ''),
  at: time,
  actor: Type.String({ description: 'An API key (`key_…`) or who used the command line.' }),
  action: Type.String({ examples: ['api_key.created'] }),
  object: Type.String({ description: 'The id, or the name, of what was changed.' }),
  before: orNull(anything('Without secrets; null where it was not there.')),
  after: orNull(anything('Without secrets; null where it is gone.')),
  sequence: orNull(Type.Integer({ description: 'Its place in the chain; null until sealed.' })),
  previous_sha256: orNull(Type.String()),
  sha256: orNull(Type.String()),
});

export const AuditLogListShape = page(AuditEntryShape, 'audit_log_list');

export type ShownAuditEntry = Static<typeof AuditEntryShape>;
