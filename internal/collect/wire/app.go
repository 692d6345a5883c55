package wire

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// AppConfig names an installation of a GitHub App.
type AppConfig struct {
	API          *url.URL // base of the REST API, with its final slash
	ID           string   // the app's id or client id
	Installation int64
	Key          []byte // PEM of the app's private key, PKCS #1 or PKCS #8
	Now          func() time.Time
}

const (
	// mintWithin bounds minting: it holds up every request.
	mintWithin = 30 * time.Second
	// assertionLasts stays below the 10 minutes that GitHub allows, assertionBefore makes up for clocks that differ
	// (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
	assertionLasts  = 9 * time.Minute
	assertionBefore = time.Minute
	// maxTokenLength bounds what a server may call a token: GitHub's are below 500 bytes.
	maxTokenLength = 4 << 10
)

// MintError says that no token could be had for the app. Status is 0 where nobody answered.
type MintError struct {
	Status int
	Why    string
}

func (e *MintError) Error() string { return "authenticate as the app: " + e.Why }

// passing tells a failure that another try may mend.
func (e *MintError) passing() bool {
	return e.Status == 0 || e.Status >= 500 || e.Status == http.StatusTooManyRequests
}

// App is a credential whose tokens last an hour and are minted by the app's key. Minting is POST /app/installations/{id}/access_tokens: it
// authenticates and changes nothing that the API serves; nothing else that this program sends is not a read.
func App(cfg AppConfig) (*Credential, error) {
	key, err := parseKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("private key of the app: %w", err)
	}
	if cfg.ID == "" || cfg.Installation <= 0 {
		return nil, errors.New("an app needs its id and that of an installation")
	}
	if !private(cfg.API) {
		return nil, errors.New("the app would authenticate over an unencrypted connection")
	}
	mint := cfg.API.JoinPath("app/installations", strconv.FormatInt(cfg.Installation, 10), "access_tokens")
	return &Credential{mint: func(ctx context.Context, send func(*http.Request) (*http.Response, error)) (string, time.Time, error) {
		assertion, err := assert(cfg.ID, key, cfg.Now())
		if err != nil {
			return "", time.Time{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, mintWithin)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, mint.String(), http.NoBody)
		if err != nil {
			return "", time.Time{}, err
		}
		req.Header.Set("Authorization", "Bearer "+assertion)
		req.Header.Set("Accept", "application/vnd.github+json")
		resp, err := send(req)
		if err != nil {
			return "", time.Time{}, &MintError{Why: "no answer from " + site(mint)}
		}
		defer resp.Body.Close()
		return readMinted(resp, cfg.Now())
	}}, nil
}

// parseKey reads the PEM that GitHub hands out, or the other form that tools convert it to.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither PKCS #1 nor PKCS #8")
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("no RSA key")
	}
	return key, nil
}

// assert makes the JSON Web Token that shows possession of the key: RS256, RFC 7519.
func assert(app string, key *rsa.PrivateKey, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-assertionBefore).Unix(), "exp": now.Add(assertionLasts).Unix(), "iss": app})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// readMinted reads the answer to the mint. What the server says in words is not repeated: it may echo what was sent.
func readMinted(resp *http.Response, now time.Time) (string, time.Time, error) {
	fail := func(why string) (string, time.Time, error) { return "", time.Time{}, &MintError{resp.StatusCode, why} }
	var said struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(nil, resp.Body, limitPeek)); err != nil {
		return "", time.Time{}, &MintError{Why: "the answer did not come whole"}
	}
	switch err := json.Unmarshal(body.Bytes(), &said); {
	case resp.StatusCode != http.StatusCreated:
		return fail(fmt.Sprintf("the API answers %d", resp.StatusCode))
	case err != nil:
		return fail("the answer is no token")
	case said.Token == "" || len(said.Token) > maxTokenLength || strings.ContainsFunc(said.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fail("the answer holds no token that a header takes")
	case !said.Expires.After(now.Add(renewBefore)):
		return fail("the token has expired already; check the clock of this machine")
	}
	return said.Token, said.Expires, nil
}
