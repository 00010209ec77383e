export { Type, type Static } from 'typebox';
export {
  extendRecordType,
  recordType,
  RecordType,
  RecordValueError,
  type RecordOf,
  type RecordTypeOptions,
  type Stamped,
} from '../records/record-type.js';
export {
  date,
  dateTime,
  duration,
  enumName,
  enumValue,
  nested,
  timeOfDay,
  type Enumeration,
  type Fields,
  type FieldValues,
} from '../records/fields.js';
export { SchemaError } from '../records/schemas.js';
export { StagingEvent } from '../staging/staging-event.js';
export { StagingRequest } from '../staging/staging-request.js';
export { FaultyInput, type Fault } from '../records/faults.js';
export {
  basket,
  basketOfLists,
  channel,
  enumBasket,
  field,
  list,
  type ChannelDeclaration,
  type ChannelOptions,
  type Channels,
  type StateDeclaration,
  type StaticField,
  type TickOf,
} from './channels.js';
export {
  type ChannelShape,
  type Connector,
  type CycleInfo,
  type GatewayModule,
  type Incomplete,
  type ModuleRun,
  type Output,
  type Selection,
  type Ticks,
} from './module.js';
export {
  defineApplication,
  type ApiKeyOptions,
  type Application,
  type ApplicationOptions,
  type Mounts,
  type PageOptions,
  type TableView,
} from './application.js';
export { BuildError } from '../engine/build-error.js';
export { BadTick } from '../engine/ticks.js';
export { type ModuleFault } from '../engine/engine.js';
export { type Kept } from '../engine/keeping.js';
export { TestKit, type SeenTick, type TestKitOptions } from './test-kit.js';
export { filterChannel, type FilterOptions } from '../modules/filter-channel.js';
export { followStream, type FollowStreamOptions } from '../modules/follow-stream.js';
export { initialiseChannel, type InitialiseOptions } from '../modules/initialise-channel.js';
export { mirrorChannels, type MirrorOptions } from '../modules/mirror-channels.js';
export { recordFile, type RecordFileOptions } from '../modules/record-file.js';
export { replayFile, type ReplayFileOptions } from '../modules/replay-file.js';
export { type ReplayFormat } from '../modules/replay-rows.js';
export {
  logChannels,
  printChannels,
  type ChannelLog,
  type LogChannelsOptions,
  type LogLevel,
  type PrintChannelsOptions,
} from '../modules/show-channels.js';
