import { Type } from 'typebox';
import { recordType } from './record-type.js';

/** What the controls tick on the channel `controls`: a request or its answer. */
export const Controls = recordType(
  'Controls',
  {
    name: Type.String({ default: '' }),
    status: Type.String({ default: 'none' }),
    data: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
    data_str: Type.String({ default: '' }),
  },
  { qualifiedName: 'csp_gateway.utils.web.controls.Controls' },
);
