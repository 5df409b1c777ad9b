//! Owns the requests about users: registering, signing in, signing out.

import { answerOf, http, renewAccess } from "./client";
import { type Remember, signedIn, signedOut } from "./session";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export async function signIn(credentials: Credentials, remember: Remember): Promise<void> {
  signedIn(await answerOf(http.POST("/api/token/", { body: credentials })), remember);
}

/** Makes the user and signs them in. */
export async function register(credentials: Credentials, remember: Remember): Promise<void> {
  await answerOf(http.POST("/api/users/register/", { body: credentials }));
  await signIn(credentials, remember);
}

/** Takes up an earlier sign-in from its stored refresh token. */
export const resume = renewAccess;
export const signOut = signedOut;
