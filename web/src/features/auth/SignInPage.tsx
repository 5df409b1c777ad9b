//! Owns the one page for people who are not signed in: sign in, or register.

import {
  Alert,
  Button,
  Checkbox,
  PasswordInput,
  SegmentedControl,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { messageOf, Problem } from "../../api/problem";
import { register, signIn } from "../../api/users";
import classes from "./SignInPage.module.css";

type Mode = "sign-in" | "register";
type Errors = { username?: string | undefined; password?: string | undefined; whole?: string | undefined };

const PASSWORD_LENGTH_MIN = 8;

export function SignInPage() {
  const navigate = useNavigate();
  const [mode, setMode] = useState<Mode>("sign-in");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [stay, setStay] = useState(false);
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<Errors>({});
  const registering = mode === "register";

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const found = check(mode, username, password);
    setErrors(found);
    if (busy || found.username !== undefined || found.password !== undefined) return;
    setBusy(true);
    try {
      const credentials = { username: username.trim(), password };
      await (registering ? register : signIn)(credentials, stay ? "this-device" : "this-tab");
      await navigate({ to: "/trade" });
    } catch (error) {
      setErrors(errorsFrom(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={(event) => void submit(event)} noValidate>
        <header>
          <img src="/favicon.svg" alt="" width={32} height={32} />
          <Title order={1} size="h3">
            Papertape
          </Title>
        </header>
        <Text c="dimmed" size="sm">
          Trade a live market with virtual money. Nothing here costs anything, and nothing can be lost but
          practice.
        </Text>
        <SegmentedControl
          fullWidth
          aria-label="Sign in or register"
          value={mode}
          onChange={(value) => {
            setMode(value === "register" ? "register" : "sign-in");
            setErrors({});
          }}
          data={[
            { value: "sign-in", label: "Sign in" },
            { value: "register", label: "Register" },
          ]}
        />
        <TextInput
          label="User name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          withAsterisk={false}
          value={username}
          error={errors.username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete={registering ? "new-password" : "current-password"}
          description={registering ? `At least ${PASSWORD_LENGTH_MIN} characters.` : undefined}
          required
          withAsterisk={false}
          value={password}
          error={errors.password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Checkbox
          label="Stay signed in on this device"
          description="Otherwise you are signed out when this tab closes."
          checked={stay}
          onChange={(event) => setStay(event.currentTarget.checked)}
        />
        {errors.whole !== undefined && (
          <Alert color="orange" role="alert">
            {errors.whole}
          </Alert>
        )}
        <Button type="submit" fullWidth size="md" loading={busy}>
          {registering ? "Create account" : "Sign in"}
        </Button>
        {registering && (
          <Text c="dimmed" size="sm">
            You start with a first portfolio of 100,000 US dollars, ready to trade.
          </Text>
        )}
      </form>
    </main>
  );
}

function check(mode: Mode, username: string, password: string): Errors {
  return {
    username: username.trim() === "" ? "What is your user name?" : undefined,
    password:
      password === ""
        ? "What is your password?"
        : mode === "register" && password.length < PASSWORD_LENGTH_MIN
          ? `Use at least ${PASSWORD_LENGTH_MIN} characters.`
          : undefined,
  };
}

function errorsFrom(error: unknown): Errors {
  if (error instanceof Problem && error.status === 401)
    return { whole: "The user name or the password is wrong." };
  const message = messageOf(error);
  if (error instanceof Problem && error.field === "username") return { username: message };
  if (error instanceof Problem && error.field === "password") return { password: message };
  return { whole: message };
}
