export { ERRORS, SluiceError, isErrorCode, type ErrorCode, type ErrorDetails, type ErrorRule } from './errors.js';
export { errorBody, parseErrorBody, type ErrorBody } from './error-body.js';
export {
  type AppendResult,
  type EntryPage,
  type EntryView,
  type GroupInfo,
  type Retention,
  type StreamInfo,
  type StreamList,
  type StreamRetention,
} from './streams.js';
export { type StreamEvent } from './events.js';
export { type HealthReport, type ReadinessCheck } from './health.js';
export { RIGHTS, isRight, type Right } from './rights.js';
export {
  type ApiKeyView,
  type AuditEntryView,
  type AuthMode,
  type Me,
  type NewApiKeyView,
  type TokenAnswer,
  type UserView,
} from './access.js';
export { ROUTES, findRule } from './routes.js';
export { type RouteAccess, type RouteRule } from './routes-rule.js';
export { areCovered, knownScopes, parseScope, parseScopes, type Scope } from './scopes.js';
