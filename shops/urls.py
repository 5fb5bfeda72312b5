"""Addresses of the ground floor: sign in, sign out, choose a language."""

from django.urls import path

from shops import views

app_name = "shops"

urlpatterns = [
    path("login/", views.SignInView.as_view(), name="login"),
    path("logout/", views.SignOutView.as_view(), name="logout"),
    path("language/", views.choose_language, name="language"),
]
