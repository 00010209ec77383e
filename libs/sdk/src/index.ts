export { SluiceError, type ErrorCode, type GroupInfo, type HealthReport } from '@sluice/contracts';
export { type Retention, type StreamInfo, type StreamRetention } from '@sluice/contracts';
export { type EntryId, type Position, type WireField } from '@sluice/wire';
export { type ApiKeyView, type AuditEntryView, type Me, type NewApiKeyView, type UserView } from '@sluice/contracts';
export { type AccessApi, type AuditFilter } from './access.js';
export { type BackoffOptions } from './backoff.js';
export { type ConnectionState } from './connection.js';
export { type Consumer, type ConsumerOptions, type GroupEntry } from './consumer.js';
export {
  type DeviceEvent,
  type DeviceEventOptions,
  type DeviceFilter,
  type DevicesApi,
  type PresenceChange,
} from './devices.js';
export { type EventOptions } from './registry/events.js';
export { type JsonObject } from './registry/operation.js';
export { type DeviceInfo, type MetaFilter, type StreamDetails } from './registry/operations.js';
export { type Events } from './registry/typed-events.js';
export { type Pull, type PullOptions, type PullTarget } from './pull.js';
export { type Pusher, type PusherOptions } from './pusher.js';
export { type RangeOptions } from './range.js';
export { Sluice, type PushOneOptions, type PushOptions, type SluiceOptions } from './sluice.js';
export { type OpenSocket, type Socket, type SocketEvents } from './socket.js';
export { type StreamerOptions, type StreamerPage, type StreamerReadOptions, type StreamerRest } from './streamer.js';
export { type MetaChange, type StreamEvent, type StreamFilter, type StreamSearch, type StreamsApi } from './streams.js';
export { type TokenSource } from './token.js';
export { type Entry, type Notice, type Payload } from './types.js';
export { ChannelsClient, type ChannelsClientOptions, type NextOptions } from './channels/channels-client.js';
export {
  type ChannelNotice,
  type ChannelStream,
  type ChannelStreamOptions,
  type ChannelTarget,
  type ChannelTick,
} from './channels/channel-stream.js';
export {
  type ChannelDefinition,
  type ChannelGroup,
  type ChannelRecords,
  type Chosen,
} from './channels/channel-types.js';
export { type HistoryOptions, type Moment, type SqlArrow, type SqlOptions, type SqlResult } from './channels/past.js';
export { query, type Comparison, type Operand, type StateQuery } from './channels/state-query.js';
export { type StagedAreas, type Staging } from './channels/staging.js';
