import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import {
  type ApiKeyView,
  type AuditEntryView,
  type AuthMode,
  type Me,
  type NewApiKeyView,
  type TokenAnswer,
  type UserView,
} from '../access.js';
import { ToNumber } from './transforms.js';

/** Longest name of a user or an API key. */
const MAX_SUBJECT_CHARS = 128;
/** Longest password; what is longer makes the hash no safer. */
export const MAX_PASSWORD_CHARS = 1024;
/** Shortest password of a user; the development rule has none. */
export const MIN_PASSWORD_CHARS = 8;
const MAX_SCOPES = 100;
const MAX_SCOPE_CHARS = 512;
const MAX_AUDIT_ENTRIES = 1000;

const SCOPES_DESCRIPTION =
  'Each a right, such as `stream:read`, or a right for names, such as `stream:write=cam1:*`; `stream:*` is both, `admin` is everything';

/** What `POST /token` takes, as a form: for the documents. */
export class LoginDto {
  @ApiProperty({ example: 'alice' })
  username!: string;

  @ApiProperty({ format: 'password' })
  password!: string;
}

export class TokenAnswerDto implements TokenAnswer {
  @ApiProperty({ description: 'The token, a JWT' })
  access_token!: string;

  @ApiProperty({ enum: ['bearer'] })
  token_type!: 'bearer';
}

export class MeDto implements Me {
  @ApiProperty({
    example: 'alice',
    description: 'A user, `key:<name>` for an API key, `anonymous` without a credential',
  })
  subject!: string;

  @ApiProperty({ type: [String], description: SCOPES_DESCRIPTION })
  scopes!: string[];

  @ApiProperty({ enum: ['open', 'strict'] })
  mode!: AuthMode;
}

export class ScopesDto {
  @ApiProperty({ type: [String], maxItems: MAX_SCOPES, description: SCOPES_DESCRIPTION })
  @IsArray()
  @ArrayMaxSize(MAX_SCOPES)
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(MAX_SCOPE_CHARS, { each: true })
  scopes!: string[];
}

export class AddUserDto extends ScopesDto {
  @ApiProperty({ example: 'alice', maxLength: MAX_SUBJECT_CHARS })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_SUBJECT_CHARS)
  name!: string;

  // Checked where its value cannot get into a message: see the users' controller.
  @ApiProperty({ format: 'password', minLength: MIN_PASSWORD_CHARS, maxLength: MAX_PASSWORD_CHARS })
  @IsOptional()
  password!: unknown;
}

export class PasswordDto {
  @ApiProperty({ format: 'password', minLength: MIN_PASSWORD_CHARS, maxLength: MAX_PASSWORD_CHARS })
  @IsOptional()
  password!: unknown;

  @ApiPropertyOptional({ format: 'password', description: 'The present password; needed for one’s own' })
  @IsOptional()
  oldPassword?: unknown;
}

export class UserDto implements UserView {
  @ApiProperty({ example: 'alice' })
  name!: string;

  @ApiProperty({ type: [String], description: SCOPES_DESCRIPTION })
  scopes!: string[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class CreateApiKeyDto extends ScopesDto {
  @ApiProperty({ example: 'camera-7', maxLength: MAX_SUBJECT_CHARS })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_SUBJECT_CHARS)
  name!: string;
}

export class ApiKeyDto implements ApiKeyView {
  @ApiProperty({ example: 'camera-7' })
  name!: string;

  @ApiProperty({ type: [String], description: SCOPES_DESCRIPTION })
  scopes!: string[];

  @ApiProperty({ description: 'The user who made it' })
  owner!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', nullable: true, type: String, description: 'To the minute' })
  lastUsedAt!: string | null;
}

export class NewApiKeyDto extends ApiKeyDto implements NewApiKeyView {
  @ApiProperty({ description: 'The key itself; shown this once' })
  secret!: string;
}

export class AuditQueryDto {
  @ApiPropertyOptional({ description: 'Only entries after this id' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  after?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_AUDIT_ENTRIES, default: 100 })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(MAX_AUDIT_ENTRIES)
  count?: number;
}

export class AuditEntryDto implements AuditEntryView {
  @ApiProperty({ example: '1795259825203-0' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  time!: string;

  @ApiProperty({ description: 'What happened' })
  event!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Who did it, or tried to, as far as that is known' })
  subject!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true })
  details!: Record<string, unknown>;
}

export class RevokeTokensDto {
  @ApiPropertyOptional({ description: 'All tokens of this user, as of now' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_SUBJECT_CHARS)
  user?: string;

  @ApiPropertyOptional({ description: 'One token, by its claim `jti`' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_SUBJECT_CHARS)
  tokenId?: string;
}
