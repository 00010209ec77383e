// CommonJS packages that require Nest must find it loaded: jest cannot require an ES module that is still linking.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
