"""Signing in and out, and the language switch. No other page lives this low."""

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from shops.models import User


class SignInView(LoginView):
    """The login page; somebody who is signed in already is sent on to the board."""

    template_name = "shops/login.html"
    redirect_authenticated_user = True


class SignOutView(LogoutView):
    """Ends the session (POST only) and shows the login page again."""


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Remember the chosen language: in a cookie, and with the person where one is signed in."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and check_for_language(language):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)
