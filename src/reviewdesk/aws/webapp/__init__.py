"""The web app: a Lambda function behind a gateway, and the page as a static site."""
