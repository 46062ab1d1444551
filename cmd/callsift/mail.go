package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"callsift/analyze"
	"callsift/charts/report"
)

// mailPassword is the environment variable with the password of [mail].
const mailPassword = "CALLSIFT_MAIL_PASSWORD"

// mailTimeout bounds the talk with the server.
const mailTimeout = 30 * time.Second

// mailConfig is the table [mail] of the configuration: where reports are handed in.
type mailConfig struct {
	Server       string
	Port         int
	TLS          string // starttls, tls or none; "": starttls
	User         string
	PasswordFile string `toml:"password_file"` // or $CALLSIFT_MAIL_PASSWORD
	CAFile       string `toml:"ca_file"`       // PEM, for a server with a certificate of one's own
	From         string
	To           []string // whom --mail sends to
}

// mailer is what a report is sent by.
type mailer struct {
	client *gomail.Client
	from   string
	to     []string
	server string
}

// mailTo reads the configuration of mail, if the report is to be sent; else nil. It
// goes to the addresses, and to those of the configuration if named. What is wrong is
// told before the report is made.
func (a *app) mailTo(to []string, named bool) (*mailer, error) {
	if len(to) == 0 && !named {
		return nil, nil
	}
	for _, address := range to {
		if _, err := mail.ParseAddress(address); err != nil {
			return nil, usagef("--mail-to: %q is no mail address", address)
		}
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	var c mailConfig
	if err := cfg.table("mail", &c); err != nil {
		return nil, err
	}
	if c.Server == "" {
		flag := "--mail"
		if len(to) > 0 {
			flag = "--mail-to"
		}
		path, _ := a.configPath()
		return nil, fmt.Errorf("%s: %s has no [mail] server; callsift config --help tells what may stand there", flag, path)
	}
	if named {
		if len(c.To) == 0 {
			return nil, fmt.Errorf("--mail: %s has no [mail] to; write to = [\"noc@example.net\"] there, or use --mail-to", cfg.path)
		}
		for _, address := range c.To {
			if _, err := mail.ParseAddress(address); err != nil {
				return nil, fmt.Errorf("%s: [mail] to: %q is no mail address", cfg.path, address)
			}
			if !slices.Contains(to, address) {
				to = append(to, address)
			}
		}
	}
	m := &mailer{from: c.From, to: to, server: c.Server}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("%s: [mail] from: %q is no mail address", cfg.path, c.From)
	}
	options, err := c.options(filepath.Dir(cfg.path))
	if err != nil {
		return nil, fmt.Errorf("%s: [mail] %w", cfg.path, err)
	}
	if m.client, err = gomail.NewClient(c.Server, options...); err != nil {
		return nil, fmt.Errorf("%s: [mail]: %w", cfg.path, err)
	}
	return m, nil
}

// options are those of the client; files are named as seen from folder.
func (c *mailConfig) options(folder string) ([]gomail.Option, error) {
	options := []gomail.Option{gomail.WithTimeout(mailTimeout)}
	port := 0
	switch c.TLS {
	case "", "starttls":
		port, options = 587, append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "tls":
		port, options = 465, append(options, gomail.WithSSL())
	case "none":
		if c.User != "" {
			return nil, errors.New(`user: with tls = "none" its password would go over the line in the clear`)
		}
		port, options = 25, append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("tls: %q, want starttls, tls or none", c.TLS)
	}
	if c.Port != 0 {
		port = c.Port
	}
	options = append(options, gomail.WithPort(port))
	if c.CAFile != "" {
		pem, err := os.ReadFile(beside(folder, c.CAFile))
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s: no certificate in PEM", c.CAFile)
		}
		options = append(options, gomail.WithTLSConfig(&tls.Config{ServerName: c.Server, RootCAs: pool, MinVersion: tls.VersionTLS12}))
	}
	if c.User == "" {
		return options, nil
	}
	password, err := c.password(folder)
	if err != nil {
		return nil, err
	}
	return append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(password)), nil
}

// password comes from the environment, else from a file: never from a flag, which
// everybody on the machine can read, nor from the configuration, which is shown around.
func (c *mailConfig) password(folder string) (string, error) {
	if p := os.Getenv(mailPassword); p != "" {
		return p, nil
	}
	if c.PasswordFile == "" {
		return "", fmt.Errorf("user: no password; set $%s or password_file", mailPassword)
	}
	data, err := os.ReadFile(beside(folder, c.PasswordFile))
	if err != nil {
		return "", fmt.Errorf("password_file: %w", err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// beside is a path as seen from a folder.
func beside(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// send sends the report to all addresses.
func (m *mailer) send(ctx context.Context, r *analyze.Report, opt report.Options) error {
	letter, err := report.Mail(r, opt)
	if err != nil {
		return err
	}
	if err := letter.From(m.from); err != nil {
		return fmt.Errorf("mail: from %q: %w", m.from, err)
	}
	if err := letter.To(m.to...); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	letter.SetDate()
	letter.SetMessageID()
	if err := m.client.DialAndSendWithContext(ctx, letter); err != nil {
		return fmt.Errorf("mail by %s: %w", m.server, err)
	}
	return nil
}
