export { ErrorBodyDto, ErrorDto } from './error.dto.js';
export {
  ListStreamsQueryDto,
  MAX_STREAMS_PER_PAGE,
  RetentionDto,
  StreamInfoDto,
  StreamListDto,
  StreamRetentionDto,
} from './stream.dto.js';
export {
  AppendQueryDto,
  AppendResultDto,
  EntryPageDto,
  EntryViewDto,
  MAX_ENTRIES_PER_PAGE,
  RANGE_FORMATS,
  RangeQueryDto,
  type RangeFormat,
} from './entry.dto.js';
export {
  AckDto,
  AckResultDto,
  ClaimDto,
  CreateGroupDto,
  GroupInfoDto,
  MAX_ACK_IDS,
  ReadGroupQueryDto,
} from './group.dto.js';
export { ToBoolean, ToNumber } from './transforms.js';
export {
  AddUserDto,
  ApiKeyDto,
  AuditEntryDto,
  AuditQueryDto,
  CreateApiKeyDto,
  LoginDto,
  MAX_PASSWORD_CHARS,
  MIN_PASSWORD_CHARS,
  MeDto,
  NewApiKeyDto,
  PasswordDto,
  RevokeTokensDto,
  ScopesDto,
  TokenAnswerDto,
  UserDto,
} from './access.dto.js';
