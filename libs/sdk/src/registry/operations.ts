// Written by tools/graphql.mjs from docs/schema.graphql and operations.graphql.

import { type JsonObject, type Operation } from './operation.js';

/** What one place in metadata must be; every part that is given counts. */
export interface MetaFilter {
  /** Part of the text, in any case. */
  readonly contains?: string | null | undefined;
  /** The value, or one member of the list. */
  readonly equals?: unknown | undefined;
  /** Whether there is anything. */
  readonly exists?: boolean | null | undefined;
  /** Where: `format`, `lens.mm`; members of a list stand where the list stands. */
  readonly path: string;
}

/** A device: a named group of streams. */
export interface DeviceInfo {
  readonly id: string;
  readonly meta: JsonObject;
  /** Revision of `meta`, for `expectedRevision`. */
  readonly revision: string;
  readonly connected: boolean;
  /** When it was last known to be there, ISO 8601 in UTC; null: never. */
  readonly lastSeen: string | null;
  /** Names of its streams, without the device; sorted. */
  readonly streamIds: readonly string[];
}

/** A stream, which need not exist: `error` says so then, and the other fields are empty. */
export interface StreamDetails {
  /** Its name where it was asked for: without the device or prefix it was found by. */
  readonly id: string;
  /** Why there is nothing to tell: `no such key`, or empty. */
  readonly error: string;
  readonly meta: JsonObject;
  /** Revision of `meta`, for `expectedRevision`. */
  readonly revision: string;
  readonly length: number;
  readonly entriesAdded: number;
  readonly firstEntryId: string;
  readonly lastEntryId: string;
  readonly lastGeneratedId: string;
  /** ISO 8601 in UTC, or as `format` (strftime) says. */
  readonly firstEntryTime: string;
  /** ISO 8601 in UTC, or as `format` (strftime) says. */
  readonly lastEntryTime: string;
  /** Milliseconds since the last entry, by the clock of Redis. */
  readonly lastEntryAgeMs: number | null;
  /** Bytes in memory, estimated. */
  readonly bytes: number;
  /** Entries taken in a second, over the last seconds. */
  readonly ratePerSecond: number;
  /** Bytes taken in a second, over the last seconds. */
  readonly bytesPerSecond: number;
  /** Entries that the slowest consumer group has not taken yet; null without one. */
  readonly lag: number | null;
}

/** A change of a device. */
export interface DeviceChange {
  /** `connected`, `disconnected` or `meta`. */
  readonly type: string;
  readonly deviceId: string;
  /** Its metadata, as `connected` and `meta` tell it; else empty. */
  readonly meta: JsonObject;
  /** Events before it were trimmed unread: look at the whole again. */
  readonly hasMissed: boolean;
  /** Give it as `since` to go on after this event. */
  readonly position: string;
}

interface ListDevicesVariables {
  readonly first: number;
  readonly after?: string | null | undefined;
  readonly match?: string | null | undefined;
  readonly includeAll: boolean;
  readonly where?: readonly MetaFilter[] | null | undefined;
}
interface ListDevicesData {
  /** Devices page by page, also by what is in their metadata. */
  readonly devicePage: {
    /** Give it as `after` for the next page; null after the last. */
    readonly cursor: string | null;
    readonly nodes: readonly DeviceInfo[];
  };
}
export const LIST_DEVICES: Operation<ListDevicesVariables, ListDevicesData> = {
  kind: 'query',
  text: `query ListDevices($first: Int!, $after: String, $match: String, $includeAll: Boolean!, $where: [MetaFilter!]) {
  devicePage(
    first: $first
    after: $after
    match: $match
    includeAll: $includeAll
    where: $where
  ) {
    cursor
    nodes {
      ...DeviceInfo
    }
  }
}
fragment DeviceInfo on Device {
  id
  meta
  revision
  connected
  lastSeen
  streamIds
}`,
};

interface GetDeviceVariables {
  readonly id: string;
}
interface GetDeviceData {
  /** One device, whether it was ever seen or not. */
  readonly device: DeviceInfo;
}
export const GET_DEVICE: Operation<GetDeviceVariables, GetDeviceData> = {
  kind: 'query',
  text: `query GetDevice($id: String!) {
  device(id: $id) {
    ...DeviceInfo
  }
}
fragment DeviceInfo on Device {
  id
  meta
  revision
  connected
  lastSeen
  streamIds
}`,
};

interface ConnectDeviceVariables {
  readonly deviceId: string;
  readonly meta: JsonObject;
  readonly expectedRevision?: string | null | undefined;
}
interface ConnectDeviceData {
  /** Connects a device until it is disconnected, and replaces its metadata. */
  readonly connectDevice: unknown;
}
export const CONNECT_DEVICE: Operation<ConnectDeviceVariables, ConnectDeviceData> = {
  kind: 'mutation',
  text: `mutation ConnectDevice($deviceId: String!, $meta: JSON!, $expectedRevision: String) {
  connectDevice(
    deviceId: $deviceId
    meta: $meta
    expectedRevision: $expectedRevision
  )
}`,
};

interface DisconnectDeviceVariables {
  readonly deviceId: string;
}
interface DisconnectDeviceData {
  /** Disconnects a device, until it pushes or is connected again. */
  readonly disconnectDevice: unknown;
}
export const DISCONNECT_DEVICE: Operation<DisconnectDeviceVariables, DisconnectDeviceData> = {
  kind: 'mutation',
  text: `mutation DisconnectDevice($deviceId: String!) {
  disconnectDevice(deviceId: $deviceId)
}`,
};

interface UpdateDeviceMetaVariables {
  readonly deviceId: string;
  readonly meta: JsonObject;
  readonly update: boolean;
  readonly expectedRevision?: string | null | undefined;
}
interface UpdateDeviceMetaData {
  /** Replaces the metadata of a device, or merges into it with `update`. */
  readonly updateDeviceMeta: unknown;
}
export const UPDATE_DEVICE_META: Operation<UpdateDeviceMetaVariables, UpdateDeviceMetaData> = {
  kind: 'mutation',
  text: `mutation UpdateDeviceMeta($deviceId: String!, $meta: JSON!, $update: Boolean!, $expectedRevision: String) {
  updateDeviceMeta(
    deviceId: $deviceId
    meta: $meta
    update: $update
    expectedRevision: $expectedRevision
  )
}`,
};

interface SearchStreamsVariables {
  readonly first: number;
  readonly after?: string | null | undefined;
  readonly match?: string | null | undefined;
  readonly prefix: string;
  readonly where?: readonly MetaFilter[] | null | undefined;
}
interface SearchStreamsData {
  /** Streams page by page, also by what is in their metadata. */
  readonly streamPage: {
    /** Give it as `after` for the next page; null after the last. */
    readonly cursor: string | null;
    readonly nodes: readonly StreamDetails[];
  };
}
export const SEARCH_STREAMS: Operation<SearchStreamsVariables, SearchStreamsData> = {
  kind: 'query',
  text: `query SearchStreams($first: Int!, $after: String, $match: String, $prefix: String!, $where: [MetaFilter!]) {
  streamPage(
    first: $first
    after: $after
    match: $match
    prefix: $prefix
    where: $where
  ) {
    cursor
    nodes {
      ...StreamDetails
    }
  }
}
fragment StreamDetails on Stream {
  id
  error
  meta
  revision
  length
  entriesAdded
  firstEntryId
  lastEntryId
  lastGeneratedId
  firstEntryTime
  lastEntryTime
  lastEntryAgeMs
  bytes
  ratePerSecond
  bytesPerSecond
  lag
}`,
};

interface GetStreamVariables {
  readonly id: string;
}
interface GetStreamData {
  /** One stream by its full name, whether it exists or not. */
  readonly stream: StreamDetails;
}
export const GET_STREAM: Operation<GetStreamVariables, GetStreamData> = {
  kind: 'query',
  text: `query GetStream($id: String!) {
  stream(id: $id) {
    ...StreamDetails
  }
}
fragment StreamDetails on Stream {
  id
  error
  meta
  revision
  length
  entriesAdded
  firstEntryId
  lastEntryId
  lastGeneratedId
  firstEntryTime
  lastEntryTime
  lastEntryAgeMs
  bytes
  ratePerSecond
  bytesPerSecond
  lag
}`,
};

interface UpdateStreamMetaVariables {
  readonly streamId: string;
  readonly deviceId: string;
  readonly meta: JsonObject;
  readonly update: boolean;
  readonly expectedRevision?: string | null | undefined;
}
interface UpdateStreamMetaData {
  /** Replaces the metadata of a stream, or merges into it with `update`. */
  readonly updateStreamMeta: unknown;
}
export const UPDATE_STREAM_META: Operation<UpdateStreamMetaVariables, UpdateStreamMetaData> = {
  kind: 'mutation',
  text: `mutation UpdateStreamMeta($streamId: String!, $deviceId: String!, $meta: JSON!, $update: Boolean!, $expectedRevision: String) {
  updateStreamMeta(
    streamId: $streamId
    deviceId: $deviceId
    meta: $meta
    update: $update
    expectedRevision: $expectedRevision
  )
}`,
};

interface FollowDevicesVariables {
  readonly ids?: readonly string[] | null | undefined;
  readonly since?: string | null | undefined;
}
interface FollowDevicesData {
  /** Devices that are connected, disconnected or described anew from now on, or after `since`; all, or those named. */
  readonly deviceEvents: DeviceChange;
}
export const FOLLOW_DEVICES: Operation<FollowDevicesVariables, FollowDevicesData> = {
  kind: 'subscription',
  text: `subscription FollowDevices($ids: [String!], $since: String) {
  deviceEvents(ids: $ids, since: $since) {
    ...DeviceChange
  }
}
fragment DeviceChange on DeviceEvent {
  type
  deviceId
  meta
  hasMissed
  position
}`,
};

interface FollowStreamsVariables {
  readonly match?: string | null | undefined;
  readonly prefix: string;
}
interface FollowStreamsData {
  /** Streams that appear or go from now on. One may be told twice. */
  readonly streamEvents: {
    /** `created` or `deleted`. */
    readonly type: string;
    /** Full name of the stream. */
    readonly streamId: string;
  };
}
export const FOLLOW_STREAMS: Operation<FollowStreamsVariables, FollowStreamsData> = {
  kind: 'subscription',
  text: `subscription FollowStreams($match: String, $prefix: String!) {
  streamEvents(match: $match, prefix: $prefix) {
    type
    streamId
  }
}`,
};
