"""Where the parts hang: product pages, accounts, the admin site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("onboarding.urls")),
    path("accounts/", include("onboarding.views.account_pages")),
    path("admin/", admin.site.urls),
]
handler400 = "onboarding.views.errors.bad_request"
handler403 = "onboarding.views.errors.forbidden"
handler404 = "onboarding.views.errors.not_found"
handler500 = "onboarding.views.errors.server_error"
handler429 = "onboarding.views.errors.too_many_requests"  # allauth's own convention
